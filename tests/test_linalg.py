"""Linear algebra: systems, determinants, factorizations, eigenvalues and singular values."""

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, jacobian, jit, jvp, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


def regular(*shape):
    """Well-conditioned square matrices."""
    return normal(*shape) / 2 + 3 * np.eye(shape[-1])


def symmetric(*shape):
    """Symmetric matrices with eigenvalues near 1, 2, 3 …"""
    x = normal(*shape) / 5
    return x + x.swapaxes(-1, -2) + np.diag(np.arange(1.0, shape[-1] + 1))


def hermitian(*shape):
    x = 1j * normal(*shape) / 5
    return symmetric(*shape) + x + x.conj().swapaxes(-1, -2)


def of_rank(rank, *shape):
    return normal(*shape[:-1], rank) @ normal(*shape[:-2], rank, shape[-1])


VECTORS = ("derivatives", "float32")
"""Modes that take finite differences: LAPACK's choice of sign or phase may jump. See test_functions_without_phase."""

ROWS = [
    row("linalg.cholesky", symmetric(3, 3) + 2 * np.eye(3)),
    row("linalg.cholesky", symmetric(2, 3, 3) + 2 * np.eye(3), upper=True),
    row("linalg.cholesky", hermitian(3, 3) + 2 * np.eye(3)),
    row("linalg.cholesky", hermitian(3, 3) + 2 * np.eye(3), upper=True),
    row("linalg.cholesky", normal(0, 3, 3)),
    row("linalg.cross", normal(2, 3), normal(3)),
    row("linalg.cross", normal(3, 2), normal(3, 2), axis=0),
    row("linalg.det", normal(3, 3)),
    row("linalg.det", normal(2, 1, 3, 3)),
    row("linalg.det", complex_normal(3, 3)),
    row("linalg.det", normal(1, 1)),
    row("linalg.det", normal(0, 0)),
    row("linalg.det", of_rank(2, 3, 3)),
    row("linalg.det", of_rank(1, 2, 3, 3)),
    row("linalg.det", np.zeros((3, 3))),
    row("linalg.det", complex_normal(3, 1) @ complex_normal(1, 3)),
    row("linalg.det", normal(0, 3, 3)),
    row("linalg.diagonal", normal(3, 4)),
    row("linalg.diagonal", normal(2, 3, 4), offset=1),
    row("linalg.eig", symmetric(3, 3) + 0.1 * normal(3, 3), skip=VECTORS),
    row("linalg.eig", symmetric(2, 3, 3) + 0.1 * normal(2, 3, 3), skip=VECTORS),
    row("linalg.eigh", symmetric(3, 3), skip=VECTORS),
    row("linalg.eigh", symmetric(2, 3, 3), skip=VECTORS, UPLO="U"),
    row("linalg.eigh", symmetric(3, 3) + np.triu(normal(3, 3), 1), skip=VECTORS),
    row("linalg.eigh", normal(0, 3, 3)),
    row("linalg.eigh", normal(0, 0)),
    row("linalg.eigvals", np.array([[1.0, 2.0, 0.1], [-3.0, 1.0, 0.2], [0.3, 0.1, 2.5]])),
    row("linalg.eigvals", symmetric(2, 3, 3)),
    row("linalg.eigvals", complex_normal(3, 3)),
    row("linalg.eigvalsh", symmetric(3, 3)),
    row("linalg.eigvalsh", symmetric(2, 3, 3), UPLO="u"),
    row("linalg.eigvalsh", hermitian(3, 3)),
    row("linalg.eigvalsh", hermitian(3, 3), UPLO="U"),
    row("linalg.inv", regular(3, 3)),
    row("linalg.inv", regular(2, 1, 3, 3)),
    row("linalg.inv", regular(3, 3).T),
    row("linalg.inv", regular(3, 3) + 1j * normal(3, 3)),
    row("linalg.inv", normal(0, 0)),
    row("linalg.lstsq", normal(5, 3), normal(5)),
    row("linalg.lstsq", normal(5, 3), normal(5, 2), rcond=None),
    row("linalg.lstsq", normal(5, 3) + 1j * normal(5, 3), normal(5, 2)),
    row("linalg.lstsq", normal(3, 3), normal(3, 2), tolerance=1e-5),
    row("linalg.lstsq", normal(2, 4), normal(2)),
    row("linalg.matmul", normal(2, 3, 4), normal(4, 2)),
    row("linalg.matrix_power", regular(3, 3), 0),
    row("linalg.matrix_power", regular(3, 3), 1),
    row("linalg.matrix_power", regular(2, 3, 3) / 3, 3),
    row("linalg.matrix_power", regular(3, 3) / 3, 6),
    row("linalg.matrix_power", regular(3, 3), -2),
    row("linalg.matrix_power", regular(3, 3) / 3 + 1j * normal(3, 3), 2),
    row("linalg.matrix_transpose", normal(2, 3, 4)),
    row("linalg.multi_dot", [normal(3, 4), normal(4, 2)]),
    row("linalg.multi_dot", [normal(3, 4), normal(4, 2), normal(2, 5)]),
    row("linalg.multi_dot", [normal(4), normal(4, 2), normal(2, 5), normal(5)]),
    row("linalg.multi_dot", [normal(3, 4), normal(4, 2), normal(2)]),
    row("linalg.outer", normal(3), normal(2)),
    row("linalg.pinv", normal(4, 2)),
    row("linalg.pinv", normal(2, 2, 4)),
    row("linalg.pinv", regular(3, 3) + 1j * normal(3, 3)),
    row("linalg.pinv", complex_normal(4, 2)),
    row("linalg.pinv", normal(4, 2), 1e-10),
    row("linalg.pinv", normal(0, 2)),
    row("linalg.pinv", normal(4, 2), rtol=1e-10),
    row("linalg.pinv", symmetric(2, 3, 3), hermitian=True),
    row("linalg.pinv", hermitian(3, 3), hermitian=True),
    row("linalg.qr", normal(4, 3)),
    row("linalg.qr", normal(0, 3, 2)),
    row("linalg.qr", normal(2, 3, 3)),
    row("linalg.qr", normal(2, 4)),
    row("linalg.qr", complex_normal(4, 3)),
    row("linalg.qr", complex_normal(2, 3)),
    row("linalg.qr", normal(4, 2), mode="complete"),
    row("linalg.qr", normal(2, 4, 3) + 2 * np.eye(4, 3), mode="complete"),
    row("linalg.qr", complex_normal(4, 2), mode="complete"),
    row("linalg.qr", normal(2, 3), mode="complete"),
    row("linalg.qr", normal(2, 4, 3), mode="r"),
    row("linalg.qr", normal(2, 3), mode="r"),
    row("linalg.slogdet", regular(3, 3)),
    row("linalg.slogdet", regular(2, 3, 3)),
    row("linalg.slogdet", -regular(3, 3)),
    row("linalg.slogdet", complex_normal(3, 3)),
    row("linalg.slogdet", complex_normal(2, 3, 3)),
    row("linalg.solve", regular(3, 3), normal(3)),
    row("linalg.solve", regular(3, 3), normal(3, 2)),
    row("linalg.solve", regular(3, 3), normal(2, 3, 2)),
    row("linalg.solve", regular(2, 3, 3), normal(3)),
    row("linalg.solve", regular(2, 3, 3), normal(3, 2)),
    row("linalg.solve", regular(2, 1, 3, 3), normal(4, 3, 2)),
    row("linalg.solve", regular(1, 3, 3), normal(4, 3, 2)),
    row("linalg.solve", regular(3, 3) + 1j * normal(3, 3), normal(3, 2)),
    row("linalg.solve", regular(3, 3), complex_normal(3)),
    row("linalg.solve", normal(0, 0), normal(0, 2)),
    row("linalg.solve", regular(0, 3, 3), normal(3)),
    row("linalg.svd", normal(4, 2), skip=VECTORS, full_matrices=False),
    row("linalg.svd", normal(2, 2, 4), skip=VECTORS, full_matrices=False),
    row("linalg.svd", regular(3, 3), skip=VECTORS),
    row("linalg.svd", complex_normal(3, 2), skip=VECTORS),
    row("linalg.svd", normal(4, 2), compute_uv=False),
    row("linalg.svd", complex_normal(4, 2), compute_uv=False),
    row("linalg.svd", symmetric(3, 3) - 2.5 * np.eye(3), skip=VECTORS, hermitian=True),
    row("linalg.svd", hermitian(3, 3), compute_uv=False, hermitian=True),
    row("linalg.svdvals", normal(2, 2, 4)),
    row("linalg.svdvals", normal(0, 2, 3)),
    row("linalg.svdvals", normal(0, 2)),
    row("linalg.tensordot", normal(2, 3, 4), normal(3, 4, 2)),
    row("linalg.tensordot", normal(2, 3), normal(2, 4), axes=(0, 0)),
    row("linalg.tensorinv", regular(6, 6).reshape(2, 3, 3, 2)),
    row("linalg.tensorinv", regular(4, 4).reshape(4, 2, 2), ind=1),
    row("linalg.tensorsolve", regular(6, 6).reshape(2, 3, 3, 2), normal(2, 3)),
    row("linalg.tensorsolve", regular(6, 6).reshape(3, 2, 2, 3), normal(2, 3), axes=(0, 1)),
    row("linalg.trace", normal(2, 3, 4)),
    row("linalg.trace", normal(3, 4), offset=-1),
    row("linalg.vecdot", normal(2, 3), normal(3)),
    row("linalg.vecdot", complex_normal(3, 2), complex_normal(3, 2), axis=0),
]

test_linalg = table_test(ROWS)


# Determinants of singular matrices


def test_det_of_a_singular_matrix():
    np.testing.assert_allclose(grad(anp.linalg.det)(np.array([[1.0, 2], [2, 4]])), [[4, -2], [-2, 1]], atol=1e-14)


def test_det_of_rank_n_minus_2():
    a = np.diag([2.0, 0, 0])
    np.testing.assert_allclose(grad(anp.linalg.det)(a), np.zeros((3, 3)), atol=1e-15)
    hessian = jacobian(grad(anp.linalg.det))(a)
    expected = np.zeros((3, 3, 3, 3))
    expected[1, 1, 2, 2] = expected[2, 2, 1, 1] = 2
    expected[1, 2, 2, 1] = expected[2, 1, 1, 2] = -2
    np.testing.assert_allclose(hessian, expected, atol=1e-14)


def test_cofactors_of_well_and_badly_conditioned_matrices():
    """det(A) A⁻ᵀ where that is exact, singular values where it is not."""
    for size in (1.0, 1e-4, 1e-12):
        a = np.diag([2.0, 1.0, size]) + np.triu(np.full((3, 3), 0.5), 1)
        expected = [[size, 0, 0], [-size / 2, 2 * size, 0], [-0.25, -1, 2]]
        np.testing.assert_allclose(grad(anp.linalg.det)(a), expected, rtol=1e-10, atol=1e-15)


def test_third_derivative_of_det():
    """det of a 3 × 3 matrix is cubic, so its third derivative at 0 in a direction H is 6 det H."""
    h = normal(3, 3)

    def along(t):
        return anp.linalg.det(t * h)

    for third in (grad(grad(grad(along))), lambda t: jvp(grad(grad(along)), (t,), (1.0,))[1]):
        np.testing.assert_allclose(third(0.0), 6 * np.linalg.det(h), rtol=1e-12)


def test_slogdet_of_a_singular_matrix():
    singular = np.array([[1.0, 2], [2, 4]])
    assert not np.isfinite(grad(lambda a: anp.linalg.slogdet(a)[1])(singular)).any()
    stack = np.stack([singular, np.eye(2)])
    masked = grad(lambda a: anp.sum(anp.where(np.array([False, True]), anp.linalg.slogdet(a)[1], 0)))(stack)
    np.testing.assert_allclose(masked, [np.zeros((2, 2)), np.eye(2)])


# Equal eigenvalues


def eigenvalues(a):
    return anp.linalg.eigh(a)[0]


@pytest.mark.parametrize("values", [eigenvalues, anp.linalg.eigvalsh, anp.linalg.eigvals, anp.linalg.svdvals])
def test_sum_of_squared_values_of_the_identity(values):
    def f(a):
        return anp.sum(anp.real(values(a)) ** 2)

    np.testing.assert_allclose(grad(f)(np.eye(2)), 2 * np.eye(2))
    np.testing.assert_allclose(jvp(f, (np.eye(2),), (np.array([[3.0, 5], [7, 11]]),))[1], 28)


# Vectors have a free sign or phase: functions that do not depend on it

WEIGHTS = normal(3)


def without_phase(v):
    """|V|², and the sum of the projectors v vᴴ on its columns, weighted."""
    projectors = anp.expand_dims(v, -2) * anp.conj(anp.expand_dims(v, -3))
    return anp.real(v * anp.conj(v)), anp.sum(projectors * WEIGHTS[: v.shape[-1]].astype(v.real.dtype), axis=-1)


def of_eig(a):
    w, v = anp.linalg.eig(a)
    return w, *without_phase(v)


def of_eigh(a, UPLO="L"):
    w, v = anp.linalg.eigh(a, UPLO)
    return w, *without_phase(v)


def of_svd(a, **kwargs):
    """Also U f(S) Vᴴ, which binds the phase of U to that of V."""
    u, s, vh = anp.linalg.svd(a, **kwargs)
    k = s.shape[-1]
    left, right = u[..., :k], vh[..., :k, :]
    both = (left * anp.expand_dims(s**3, -2)) @ right
    return s, both, *without_phase(left), *without_phase(anp.swapaxes(right, -1, -2))


SPIRAL = np.array([[1.0, 2.0, 0.1], [-3.0, 1.0, 0.2], [0.3, 0.1, 2.5]])  # real, with complex eigenvalues

WITHOUT_PHASE = {
    "eig real": (of_eig, symmetric(2, 3, 3) + 0.1 * normal(2, 3, 3)),
    "eig of real matrices with complex values": (of_eig, SPIRAL),
    "eig complex": (of_eig, hermitian(3, 3) + 0.1 * complex_normal(3, 3)),
    "eigh real": (of_eigh, symmetric(3, 3)),
    "eigh complex": (of_eigh, hermitian(2, 3, 3)),
    "eigh reads the lower triangle": (of_eigh, hermitian(3, 3) + np.triu(complex_normal(3, 3), 1)),
    "eigh reads the upper triangle": (lambda a: of_eigh(a, "U"), hermitian(3, 3) + np.tril(complex_normal(3, 3), -1)),
    "svd square": (of_svd, np.array([[3.0, 0.2, 0.5], [0.1, 2, -0.3], [0.4, 0.2, 1]])),
    "svd tall": (of_svd, normal(2, 4, 1) * [[1.0, 0.0]] + normal(4, 2)),
    "svd wide": (of_svd, normal(2, 4)),
    "svd reduced": (lambda a: of_svd(a, full_matrices=False), normal(4, 2)),
    "svd complex square": (of_svd, hermitian(3, 3) + 0.5j * normal(3, 3)),
    "svd complex tall": (of_svd, complex_normal(4, 2)),
    "svd complex wide": (lambda a: of_svd(a, full_matrices=False), complex_normal(2, 4)),
    "svd symmetric": (lambda a: of_svd(a, hermitian=True), symmetric(3, 3) - 2.3 * np.eye(3)),
    "svd Hermitian": (lambda a: of_svd(a, hermitian=True), hermitian(3, 3) - 2.3 * np.eye(3)),
}


@pytest.mark.parametrize("function, a", WITHOUT_PHASE.values(), ids=WITHOUT_PHASE.keys())
def test_functions_without_phase(function, a):
    check_grads(function, a, tolerance=1e-5)
    single = a.astype(np.complex64 if a.dtype.kind == "c" else np.float32)
    check_grads(function, single, order=1, tolerance=5e-2)


@pytest.mark.parametrize("a", [complex_normal(2, 4), complex_normal(4, 2), normal(5, 2), normal(2, 2, 3)])
def test_complement_of_full_matrices(a):
    """The projector on the complement is free of the choice of its basis."""

    def f(a):
        u, s, vh = anp.linalg.svd(a)
        k = s.shape[-1]
        left, right = u[..., k:], vh[..., k:, :]
        return left @ anp.conj(left.mT), anp.conj(right.mT) @ right

    check_grads(f, a, tolerance=1e-5)


def test_norm_of_eigenvectors_stays_one():
    a = complex_normal(3, 3)
    gradient = grad(lambda a: anp.sum(without_phase(anp.linalg.eig(a)[1])[0]))(a)
    np.testing.assert_allclose(gradient, np.zeros((3, 3)), atol=1e-13)


# Constant rank


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3)])
@pytest.mark.parametrize("draw", [normal, complex_normal])
def test_pinv_of_constant_rank(shape, draw):
    """Matrices of rank 2, parametrized by two factors: the rank does not change."""

    def f(x, y):
        return anp.linalg.pinv(x @ y, rcond=1e-8)

    check_grads(f, draw(shape[0], 2), draw(2, shape[1]), tolerance=1e-4)


def test_lstsq_of_constant_rank():
    b = normal(4)

    def f(x, y, b):
        x, residuals, rank, _ = anp.linalg.lstsq(x @ y, b, rcond=1e-8)
        assert rank == 2 and residuals.shape == (0,)
        return x

    check_grads(f, normal(4, 2), normal(2, 3), b, tolerance=1e-4)


def test_pinv_refuses_a_cutoff_that_changes_the_function():
    with pytest.raises(np.linalg.LinAlgError, match="constant rank"):
        grad(lambda a: anp.sum(anp.linalg.pinv(a, rcond=0.5)))(np.diag([1.0, 0.3, 2.0]))


def test_singular_values_at_0():
    """One singular value 0 is no trouble for U S³ Vᴴ."""

    def f(a):
        u, s, vh = anp.linalg.svd(a)
        return (u * s**3) @ vh

    check_grads(f, np.array([[1.0, 2], [2, 4]]), order=1, modes=("rev",))


# Forms of the call


def test_results_keep_their_type():
    a = symmetric(3, 3)
    for function in (np.linalg.eig, np.linalg.eigh, np.linalg.qr, np.linalg.slogdet, np.linalg.svd):
        outputs = []

        def f(x, function=function, outputs=outputs):
            outputs.append(function(x))
            return anp.sum(anp.real(outputs[-1][-1]))

        grad(f)(a)
        assert type(outputs[0]) is type(function(a))


def test_modes_of_qr_that_cannot_be_traced():
    with pytest.raises(ValueError, match="raw"):
        grad(lambda a: anp.sum(anp.linalg.qr(a, mode="raw")[0]))(normal(3, 3))


def test_complete_qr_where_it_jumps():
    with pytest.raises(np.linalg.LinAlgError, match="reduced"):
        grad(lambda a: anp.sum(anp.linalg.qr(a, mode="complete")[0]))(np.eye(3)[:, :2])


def test_list_of_traced_numbers():
    np.testing.assert_allclose(grad(lambda x: anp.linalg.det([[x, 1.0], [2.0, x]]))(3.0), 6.0)
    np.testing.assert_allclose(grad(lambda x: anp.linalg.norm([x, 4.0]))(3.0), 0.6)
    np.testing.assert_allclose(grad(lambda x: anp.sum(anp.linalg.cholesky([[x, 0.0], [0.0, 1.0]])))(4.0), 0.25)


def test_arguments_by_keyword():
    a, b = regular(3, 3), normal(3)
    gradient = grad(lambda a: anp.sum(np.linalg.solve(a=a, b=b)))(a)
    np.testing.assert_allclose(gradient, grad(lambda a: anp.sum(np.linalg.solve(a, b)))(a))
    gradient = grad(lambda a: anp.sum(np.linalg.eigvalsh(a=a, UPLO="U") ** 2))(symmetric(3, 3))
    np.testing.assert_allclose(np.tril(gradient, -1), np.zeros((3, 3)))


def test_matrix_rank_is_constant():
    gradient = grad(lambda a: anp.sum(a) * anp.linalg.matrix_rank(a))(normal(3, 2))
    np.testing.assert_allclose(gradient, 2 * np.ones((3, 2)))


def test_gradient_of_real_matrix_through_complex_solution():
    _, pull = vjp(lambda a: anp.linalg.solve(a, np.array([1j, 2.0])), regular(2, 2))
    assert pull(np.array([1.0 + 0j, 2j]))[0].dtype == np.float64


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", [np.float32, float, complex])
def test_det_of_what_is_not_finite(dtype, bad):
    xs = np.array([[[1.0, bad], [2.0, 3.0]], [[1.0, 2.0], [2.0, 4.0]]], dtype)
    with np.errstate(all="ignore"):
        slope = grad(lambda x: anp.sum(anp.real(anp.linalg.det(x))))(xs)
        second = grad(lambda x: anp.sum(anp.real(grad(lambda x: anp.sum(anp.real(anp.linalg.det(x))))(x))))(xs)
    assert np.isnan(slope[0]).all() and np.isnan(second[0]).all() and slope.dtype == dtype
    np.testing.assert_allclose(slope[1], [[4.0, -2.0], [-2.0, 1.0]], rtol=1e-5)
    np.testing.assert_allclose(second[1], [[1.0, -1.0], [-1.0, 1.0]], rtol=1e-5)


@pytest.mark.parametrize(
    "dependent", [np.ones((3, 2)), np.outer([1.0, 2.0, 0.3], [1.0, 0.7])], ids=["exact", "rounded"]
)
def test_qr_of_dependent_columns(dependent):
    def f(a):
        q, r = anp.linalg.qr(a)
        return anp.sum(q * np.arange(6.0).reshape(3, 2)) + anp.sum(r**2)

    full = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])
    stack = np.array([full, dependent])
    for function in (grad(f), jit(grad(f)), lambda a: jvp(f, (a,), (np.ones_like(a),))[1]):
        with pytest.warns(RuntimeWarning, match="columns depend on each other"):
            assert np.isnan(function(dependent)).all()
    with pytest.warns(RuntimeWarning, match="columns depend on each other"):
        both = vmap(grad(f))(stack)
    np.testing.assert_allclose(both[0], grad(f)(full))
    assert np.isnan(both[1]).all()
