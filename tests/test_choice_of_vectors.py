"""What depends on which vectors are chosen for repeated values has no derivative, also where it is stationary there."""

import itertools
import warnings

import numpy as np
import pytest

from autodiff_trace import (
    TracedValueError, checkpoint, custom_jvp, custom_vjp, grad, hessian, hvp, jacobian, jit, jvp, to_numpy,
    value_and_grad, vjp, vmap,
)
from autodiff_trace import numpy as anp

rng = np.random.default_rng(0)
N = 3
W, W2, T = rng.normal(size=(3, N, N))
C = rng.normal(size=N)
S = T + T.T
Q = np.linalg.qr(rng.normal(size=(N, N)))[0]


def with_values(*values):
    a = (Q * values) @ Q.T
    return (a + a.T) / 2


MATRICES = {
    "identity": np.eye(N), "pair": np.diag([1.0, 1, 2]), "turned": with_values(1.0, 2, 2),
    "up to rounding": with_values(1.0, 1, 1),
}
DEPEND = {  # functions of values and vectors
    "square": lambda w, v: anp.sum(W * v**2),
    "fourth power": lambda w, v: anp.sum(W * v**4),
    "fourth power beside the diagonal": lambda w, v: anp.sum(W * (1 - np.eye(N)) * v**4),
    "times values": lambda w, v: anp.sum(W * v**2 * w),
    "where values are 0": lambda w, v: anp.sum(W * v**2 * (w - w[0])) + anp.sum(W2 * v**4 * (w - w[1])),
    "abs": lambda w, v: anp.sum(W * anp.abs(v)),
    "product": lambda w, v: v[0, 0] ** 2 * v[0, 1] ** 2,
    "weights of single vectors": lambda w, v: anp.sum(W * ((v * C * w) @ v.T)),
    "mask": lambda w, v: anp.sum(v[v > 0.5] ** 2 * 3),
}
CANCEL = {
    "matrix function": lambda w, v: anp.sum(W * ((v * anp.exp(w)) @ v.T)),
    "of several": lambda w, v: anp.sum(anp.sin(((v * w**2) @ (v.T @ W @ v) * w) @ v.T)),
    "trace": lambda w, v: anp.trace((v.T @ W @ v) @ (v.T @ W2 @ v) * 1.0),
    "columns": lambda w, v: anp.sum(W * sum(w[i] * anp.outer(v[:, i], v[:, i]) for i in range(N))),
    "length": lambda w, v: anp.sum(C * anp.sum(v * v, axis=1)),
    "determinant of vectors": lambda w, v: anp.linalg.det(v) ** 2 * anp.sum(w**2),
}
MODES = {
    "grad": grad, "jit": lambda f: jit(grad(f)), "checkpoint": lambda f: grad(checkpoint(f)),
    "value_and_grad": lambda f: lambda a: value_and_grad(f)(a)[1],
    "vmap of grad": lambda f: lambda a: vmap(grad(f))(np.stack([np.diag([1.0, 2, 3]), a]))[1],
    "grad of vmap": lambda f: grad(lambda a: vmap(f)(a[None])[0]),
    "vjp": lambda f: lambda a: vjp(f, a)[1](1.0)[0], "jacobian": jacobian,
}


def every_other(functions):
    """Every other one of the functions, matrices and modes, so that any two of them meet."""
    numbered = itertools.product(enumerate(functions), enumerate(MATRICES), enumerate(MODES))
    return [(name, matrix, mode) for (i, name), (j, matrix), (k, mode) in numbered if (i + j + k) % 2 == 0]


@pytest.mark.filterwarnings("ignore::UserWarning")  # jit runs eagerly
@pytest.mark.parametrize("name, matrix, mode", every_other(DEPEND))
def test_what_depends_on_the_choice_gives_nan_and_one_warning(name, matrix, mode):
    if name == "mask" and "vmap" in mode:
        pytest.skip("answers of different shapes")
    a = MATRICES[matrix]
    if name == "where values are 0" and matrix in ("pair", "turned"):
        pytest.skip("of two vectors it is a multiple of the gap, and what does not depend on them")
    with pytest.warns(RuntimeWarning, match="eigh: values with a gap of .*NaN .*test_choice") as seen:
        gradient = MODES[mode](lambda a: DEPEND[name](*anp.linalg.eigh(a)))(a)
    assert np.isnan(gradient).all()
    assert len({str(each.message) for each in seen if each.category is RuntimeWarning}) == 1


def difference(f, a, t, h=1e-4):
    """The derivative in direction ``t``: the vectors are those that the direction picks out."""
    return (8 * (f(a + h * t) - f(a - h * t)) - (f(a + 2 * h * t) - f(a - 2 * h * t))) / (12 * h)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name, matrix, mode", every_other(CANCEL))
def test_what_does_not_is_right(name, matrix, mode):
    def f(a):
        return CANCEL[name](*anp.linalg.eigh(a))

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        gradient = MODES[mode](f)(MATRICES[matrix])
    exact = difference(f, MATRICES[matrix], S)
    np.testing.assert_allclose(np.sum(gradient * S), exact, rtol=1e-6, atol=1e-8)


def test_values_by_themselves_change_along_the_vectors_of_numpy_beside_matrix_functions():
    a, v = np.eye(N), np.eye(N)
    for f in (lambda w: w[0], lambda w: w[-1] * w[0], lambda w: anp.sum(C * w)):
        slopes = grad(f)(np.ones(N))
        both = grad(lambda a: f(anp.linalg.eigh(a)[0]) + CANCEL["matrix function"](*anp.linalg.eigh(a)))(a)  # noqa: B023
        one = grad(lambda a: (lambda w, v: f(w) + CANCEL["matrix function"](w, v))(*anp.linalg.eigh(a)))(a)  # noqa: B023
        alone = grad(lambda a: CANCEL["matrix function"](*anp.linalg.eigh(a)))(a)
        np.testing.assert_allclose(both, alone + (v * slopes) @ v.T, atol=1e-12)
        np.testing.assert_allclose(one, both, atol=1e-12)


SINGULAR = {
    "identity": np.eye(N), "pair": np.diag([1.0, 1, 2]), "orthogonal": Q, "zero": np.zeros((N, N)),
    "rank 1": np.diag([1.0, 0, 0]), "tall": np.eye(4)[:, :2], "wide": np.eye(4)[:2], "tall zero": np.zeros((4, 2)),
    "tall rank 1": np.eye(4)[:, :2] * [1, 0],
}


@pytest.mark.parametrize("matrix", SINGULAR)
@pytest.mark.parametrize("full_matrices", [False, True])
def test_singular_vectors(matrix, full_matrices):
    a = SINGULAR[matrix]
    k = min(a.shape)
    weights = rng.normal(size=(2, 4, 4))
    of_u, of_v = weights[0, : a.shape[0], :k], weights[1, :k, : a.shape[1]]

    def svd(a):
        return anp.linalg.svd(a, full_matrices=full_matrices)

    functions = [
        lambda a: anp.sum(of_u * svd(a)[0][:, :k] ** 2) + anp.sum(of_v * svd(a)[2][:k] ** 2),
        lambda a: anp.sum(of_u * svd(a)[0][:, :k] ** 4), lambda a: anp.sum(of_v * anp.abs(svd(a)[2][:k])),
    ]
    for function in functions[:2] if matrix == "tall rank 1" else functions:  # which has one vector of 0 on the right
        with pytest.warns(RuntimeWarning, match="svd: values with a gap of .*NaN .*test_choice"):
            assert np.isnan(grad(function)(a)).any()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        gradient = grad(lambda a: (lambda u, s, vh: anp.sum(a * (u[:, :k] * s @ vh[:k])))(*svd(a)))(a)
    np.testing.assert_allclose(gradient, 2 * a, atol=1e-12)


def test_the_sign_of_a_pair_of_value_0_is_a_choice():
    """The polar factor of a singular matrix jumps."""
    with pytest.warns(RuntimeWarning, match="svd"):
        gradient = grad(lambda a: anp.sum(W * (lambda u, s, vh: u @ vh)(*anp.linalg.svd(a))))(np.diag([2.0, 1, 0]))
    assert np.isnan(gradient).all()


@pytest.mark.parametrize("matrix", ["identity", "pair"])
def test_complex_and_general_matrices(matrix):
    a = MATRICES[matrix]
    for function, point in [
        (lambda a: anp.sum(W * anp.abs(anp.linalg.eigh(a)[1]) ** 2), a + 0j),
        (lambda a: anp.sum(W * anp.abs(anp.linalg.eig(a)[1]) ** 2), a + 0j),
        (lambda a: anp.sum(W * anp.real(anp.linalg.eig(a)[1]) ** 2), a),
    ]:
        with pytest.warns(RuntimeWarning, match="(eigh|eig): values"):
            assert np.isnan(grad(function)(point)).all()


def test_single_precision():
    a = np.eye(N, dtype=np.float32)
    gradient = grad(lambda a: CANCEL["matrix function"](*anp.linalg.eigh(a)))(a)
    assert gradient.dtype == np.float32 and np.isfinite(gradient).all()
    with pytest.warns(RuntimeWarning):
        gradient = grad(lambda a: DEPEND["square"](*anp.linalg.eigh(a)))(a)
    assert gradient.dtype == np.float32 and np.isnan(gradient).all()


def test_values_of_constant_matrices_do_not_part():
    def f(a):
        w, v = anp.linalg.eigh(a)
        constant = anp.linalg.eigvalsh(anp.ones((N, N)) * anp.eye(N))
        return anp.sum(W * ((v * constant) @ v.T))

    np.testing.assert_array_equal(grad(f)(np.eye(N)), np.zeros((N, N)))


def custom(kind, compute):
    if kind == "vjp":
        f = custom_vjp(lambda w: anp.exp(w))
        f.defvjp(lambda w: (lambda ans: (ans, ans))(compute(w)), lambda ans, g: (g * ans,))
    else:
        f = custom_jvp(lambda w: anp.exp(w))
        f.defjvp(lambda primals, tangents: (compute(primals[0]), tangents[0] * compute(primals[0])))
    return f


KINDS = ["vjp", "jvp"]


def by_plain_numbers(w):
    return np.exp(to_numpy(w))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("compute", [anp.exp, by_plain_numbers])
def test_custom_rules_at_repeated_values(kind, compute):
    f = custom(kind, compute)
    exact = grad(lambda a: anp.sum(W * ((lambda w, v: (v * anp.exp(w)) @ v.T)(*anp.linalg.eigh(a)))))
    loss = lambda a: anp.sum(W * ((lambda w, v: (v * f(w)) @ v.T)(*anp.linalg.eigh(a))))  # noqa: E731
    for a in MATRICES.values():
        np.testing.assert_allclose(grad(loss)(a), exact(a), atol=1e-10)
    np.testing.assert_allclose(grad(lambda a: anp.sum(f(anp.linalg.eigvalsh(a))))(np.eye(N)), np.e * np.eye(N))
    general = custom_vjp(lambda v: v**2)
    general.defvjp(lambda v: (to_numpy(v) ** 2, to_numpy(v)), lambda v, g: (2 * g * v,))
    with pytest.warns(RuntimeWarning, match="eigh"):
        assert np.isnan(grad(lambda a: anp.sum(W * general(anp.linalg.eigh(a)[1])))(np.eye(N))).all()


@pytest.mark.filterwarnings("ignore::UserWarning")  # jit runs eagerly
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("a", [np.eye(N), np.diag([1.0, 2, 3])])
def test_second_derivatives_of_custom_rules_that_lose_the_outer_derivative(kind, a):
    transformations = [
        lambda f: jvp(grad(f), (a,), (S,))[1], lambda f: hvp(f)(a, S), lambda f: hessian(f)(a),
        lambda f: grad(lambda a: anp.sum(S * grad(f)(a)))(a),
        lambda f: vmap(lambda t: jvp(grad(f), (a,), (t,))[1])(S[None]),
        lambda f: jit(hvp(f))(a, S),
    ]
    for compute in (anp.exp, by_plain_numbers):
        f = custom(kind, compute)
        loss = lambda a: anp.sum(f(anp.linalg.eigvalsh(a)) ** 2)  # noqa: E731, B023
        for transform in transformations:
            if compute is by_plain_numbers:
                with pytest.raises(TracedValueError, match="order is lost where (fwd|jvp) .*test_choice"):
                    transform(loss)
            else:
                exact = transform(lambda a: anp.sum(anp.exp(2 * anp.linalg.eigvalsh(a))))
                np.testing.assert_allclose(transform(loss), exact, atol=1e-10)


def test_forward_functions_may_look_at_plain_numbers():
    seen = []
    f = custom_vjp(lambda w: anp.exp(w))

    def forward(w):
        seen.append(to_numpy(w))
        ans = anp.exp(w)
        return ans, ans

    f.defvjp(forward, lambda ans, g: (g * ans,))
    loss = lambda w: anp.sum(f(w))  # noqa: E731
    np.testing.assert_allclose(hvp(loss)(C, C), np.exp(C) * C)
    np.testing.assert_allclose(grad(lambda a: loss(anp.linalg.eigvalsh(a)))(np.eye(N)), np.e * np.eye(N))


def test_what_forward_functions_keep_aside_is_no_longer_split():
    kept = []
    f = custom_vjp(lambda w: anp.exp(w))

    def forward(w):
        ans = anp.exp(w)
        kept.extend([w, ans])
        return ans, ans

    f.defvjp(forward, lambda ans, g: (g * ans,))
    loss = lambda a: anp.sum(W * ((lambda w, v: (v * f(w)) @ v.T)(*anp.linalg.eigh(a))))  # noqa: E731
    grad(loss)(np.eye(N))
    np.testing.assert_allclose(to_numpy(kept[1] * kept[0]), np.e * np.ones(N))
    np.testing.assert_allclose(grad(lambda x: anp.sum(x * kept[1]))(C), np.e * np.ones(N))
    with pytest.warns(RuntimeWarning, match="eigh"):  # how they would part is not known
        other = grad(lambda a: anp.sum(W * ((lambda w, v: (v * kept[1]) @ v.T)(*anp.linalg.eigh(a)))))(np.eye(N))
    assert np.isnan(other).any()
