"""``scipy.linalg``: orthogonal factors, eigenvalues, singular values, bands and matrix equations."""

import numpy as np
import pytest
from scipy_table import scipy_row

import scipy.linalg as plain
from table import table_test

from autodiff_trace import grad, scipy, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


def symmetric(*shape):
    """Symmetric matrices with eigenvalues near 1, 2, 3 …"""
    x = normal(*shape) / 5
    return x + x.swapaxes(-1, -2) + np.diag(np.arange(1.0, shape[-1] + 1))


def hermitian(n):
    x = complex_normal(n, n) / 5
    return x + x.conj().T + np.diag(np.arange(1.0, n + 1))


VECTORS = ("derivatives", "float32")
"""Modes that take finite differences: LAPACK's choice of sign or phase may jump."""

BAND = normal(2, 6) / 4 + np.array([[0.0], [3.0]])
"""One half of a Hermitian band, the upper one."""

STACKS = ("value",)
"""Of stacks SciPy gives a list of arrays, where it gives a tuple of one matrix: see test_stacks."""

ORTHOGONAL = [
    scipy_row("linalg.orthogonal_procrustes", normal(4, 3), normal(4, 3)),
    scipy_row("linalg.polar", normal(3, 3) + 2 * np.eye(3)),
    scipy_row("linalg.polar", complex_normal(4, 3)),
    scipy_row("linalg.polar", normal(2, 2, 4), skip=STACKS, side="left"),
    scipy_row("linalg.polar", normal(4, 2), side="left"),
    scipy_row("linalg.qr", normal(4, 3)),
    scipy_row("linalg.qr", normal(3, 4), mode="economic"),
    scipy_row("linalg.qr", normal(4, 3), mode="r"),
    scipy_row("linalg.qr", complex_normal(2, 4, 3), skip=STACKS, mode="economic", overwrite_a=True),
    scipy_row("linalg.qr", normal(4, 3), mode="economic", pivoting=True),
    scipy_row("linalg.qr", normal(3, 3), mode="r", pivoting=True),
    scipy_row("linalg.qr_multiply", normal(4, 3), normal(2, 4)),
    scipy_row("linalg.qr_multiply", normal(4, 3), normal(3, 2), mode="left"),
    scipy_row("linalg.rq", normal(3, 3)),
    scipy_row("linalg.rq", normal(3, 4)),
    scipy_row("linalg.rq", normal(3, 4), mode="economic"),
    scipy_row("linalg.rq", normal(4, 3), mode="economic"),
    scipy_row("linalg.rq", normal(4, 3), mode="r"),
    scipy_row("linalg.rq", complex_normal(2, 3, 4), skip=STACKS),
]
SPECTRAL = [
    scipy_row("linalg.diagsvd", normal(3), 3, 4),
    scipy_row("linalg.diagsvd", normal(3), 4, 3),
    scipy_row("linalg.eig", symmetric(3, 3) + 0.1 * normal(3, 3), skip=VECTORS),
    scipy_row("linalg.eig", symmetric(3, 3) + 0.1 * normal(3, 3), skip=VECTORS, left=True),
    scipy_row("linalg.eig_banded", BAND, skip=VECTORS),
    scipy_row("linalg.eigh", symmetric(3, 3), skip=VECTORS),
    scipy_row("linalg.eigh", symmetric(3, 3), skip=VECTORS, lower=False),
    scipy_row("linalg.eigh", symmetric(2, 3, 3), skip=(*VECTORS, *STACKS)),
    scipy_row("linalg.eigh", symmetric(3, 3), symmetric(3, 3) + np.eye(3), skip=VECTORS),
    scipy_row("linalg.eigh", hermitian(3), eigvals_only=True),
    scipy_row("linalg.eigh", symmetric(4, 4), eigvals_only=True, subset_by_index=[1, 2]),
    *[
        scipy_row("linalg.eigvalsh", symmetric(3, 3), symmetric(3, 3) + np.eye(3), type=kind, lower=kind == 2)
        for kind in (1, 2, 3)
    ],
    scipy_row("linalg.eigh_tridiagonal", normal(4), normal(3), skip=(*VECTORS, "value", "batched")),
    scipy_row("linalg.eigvals", symmetric(3, 3) + 0.1 * normal(3, 3)),
    scipy_row("linalg.eigvals", symmetric(3, 3), symmetric(3, 3) + np.eye(3)),
    scipy_row("linalg.eigvals_banded", BAND[::-1], lower=True),
    scipy_row("linalg.eigvalsh_tridiagonal", normal(4), normal(3)),
    scipy_row("linalg.eigvalsh_tridiagonal", normal(4), normal(3), select="i", select_range=(0, 1)),
    scipy_row("linalg.svd", normal(4, 2), skip=VECTORS, full_matrices=False),
    scipy_row("linalg.svd", normal(2, 3), skip=VECTORS),
    scipy_row("linalg.svd", normal(2, 3), compute_uv=False, lapack_driver="gesvd"),
    scipy_row("linalg.svdvals", normal(2, 3, 2)),
]
EQUATIONS = [
    scipy_row("linalg.solve_continuous_lyapunov", normal(3, 3) + 2 * np.eye(3), normal(3, 3)),
    scipy_row("linalg.solve_continuous_lyapunov", complex_normal(3, 3) + 2 * np.eye(3), complex_normal(3, 3)),
    scipy_row("linalg.solve_discrete_lyapunov", normal(3, 3) / 4, normal(3, 3)),
    scipy_row("linalg.solve_discrete_lyapunov", complex_normal(2, 3, 3) / 4, complex_normal(3, 3)),
    scipy_row("linalg.solve_sylvester", normal(3, 3) + 2 * np.eye(3), normal(2, 2) + 2 * np.eye(2), normal(3, 2)),
    scipy_row("linalg.solve_sylvester", normal(2, 3, 3) + 2 * np.eye(3), normal(2, 2) + 2 * np.eye(2), normal(3, 2)),
]
BANDED = [
    scipy_row("linalg.cho_solve_banded", (BAND, False), normal(6)),
    scipy_row("linalg.cho_solve_banded", (BAND[::-1] * (1 + 0.1j), True), normal(6, 2)),
    scipy_row("linalg.cholesky_banded", BAND),
    scipy_row("linalg.cholesky_banded", BAND[::-1], lower=True),
    scipy_row("linalg.solve_banded", (1, 2), normal(4, 6) / 4 + 3 * np.eye(4)[2][:, None], normal(6)),
    scipy_row("linalg.solve_banded", (1, 1), complex_normal(2, 3, 5), normal(5, 2)),
    scipy_row("linalg.solveh_banded", BAND, normal(6, 2)),
    scipy_row("linalg.solveh_banded", BAND[::-1] * 1, normal(6), lower=True),
]

test_orthogonal = table_test(ORTHOGONAL)
test_spectral = table_test(SPECTRAL)
test_equations = table_test(EQUATIONS)
test_banded = table_test(BANDED)


def test_schur():
    """What does not depend on signs and phases: sizes in T, projectors on the leading vectors."""
    a = symmetric(4, 4) + normal(4, 4) / 10
    value, _ = vjp(scipy.linalg.schur, a)
    for found, expected in zip(value, plain.schur(a), strict=True):
        np.testing.assert_allclose(found, expected)

    def invariant(a, output):
        t, z = scipy.linalg.schur(a, output=output)
        return anp.real(t * anp.conj(t)), anp.diag(t), z[:, :2] @ anp.conj(z[:, :2]).T

    check_grads(lambda a: invariant(a, "real"), a, order=2)
    check_grads(lambda a: invariant(a, "complex"), np.array([[1.0, 2, 0.3], [-2, 1.5, 0.1], [0.4, 0.2, 3]]), order=2)
    check_grads(lambda a: invariant(a, "complex"), complex_normal(3, 3), order=2)
    batch = np.stack([a, a + np.eye(4)])
    np.testing.assert_allclose(
        vmap(grad(lambda a: anp.sum(invariant(a, "real")[0])))(batch)[1],
        grad(lambda a: anp.sum(invariant(a, "real")[0]))(batch[1]),
    )
    with pytest.raises(np.linalg.LinAlgError, match='output="complex"'):
        grad(lambda a: anp.sum(scipy.linalg.schur(a)[0]))(np.array([[1.0, 2], [-2, 1]]))
    assert np.all(np.isnan(grad(lambda a: anp.sum(scipy.linalg.schur(a)[1]))(np.eye(2))))


@pytest.mark.parametrize("name", ["polar", "rq", "eigh", "svd", "lu_factor", "lu", "ldl"])
def test_stacks(name):
    x = symmetric(2, 3, 3)
    values, _ = vjp(getattr(scipy.linalg, name), x)
    for i in range(2):
        for found, expected in zip(values, getattr(plain, name)(x[i]), strict=True):
            np.testing.assert_allclose(found[i], expected, atol=1e-12)


@pytest.mark.parametrize("name", ["solve_continuous_are", "solve_discrete_are"])
def test_riccati_equations(name):
    solve = getattr(scipy.linalg, name)
    a, b, q, r = normal(3, 3), normal(3, 2), normal(3, 3), normal(2, 2)
    e, s = normal(3, 3) / 4 + np.eye(3), normal(3, 2) / 4

    def of(a, b, q, r, *more):
        return solve(a, b, q @ anp.conj(q.T), anp.eye(2) + r @ anp.conj(r.T), *more)

    value = of(a, b, q, r, e, s)
    np.testing.assert_allclose(grad(lambda c: anp.sum(of(c, b, q, r, e, s)) * 0)(a), 0 * a, atol=1e-12)
    assert value.shape == (3, 3)
    check_grads(of, a, b, q, r, order=2)
    check_grads(of, a, b, q, r, e, s, order=1)
    large = q + np.eye(3) * (2 + 0j)
    check_grads(of, complex_normal(3, 3) / 2, complex_normal(3, 2), large, complex_normal(2, 2), order=1)


def test_vectors_are_those_of_scipy():
    # of a band, of three diagonals, left ones and those of two matrices, whose signs and phases LAPACK chooses
    random = np.random.default_rng(3)
    for dtype in (float, complex):
        a, b = random.normal(size=(2, 5, 5)) + (1j * random.normal(size=(2, 5, 5)) if dtype is complex else 0)
        calls = [
            lambda at, a, b: at.eig(a, left=True), lambda at, a, b: at.eig(a, b, left=True),
            lambda at, a, b: at.eig(a, left=True, right=False), lambda at, a, b: at.eig_banded(a[:3]),
            lambda at, a, b: at.eig_banded(a[:3], lower=True, select="i", select_range=(1, 2)),
        ]
        if dtype is float:
            calls += [lambda at, a, b, driver=driver: at.eigh_tridiagonal(a[0], b[1, 1:], lapack_driver=driver)
                      for driver in ("auto", "stebz", "stev")]
        for call in calls:
            found, _ = vjp(lambda a, call=call, b=b: call(scipy.linalg, a, b), a)
            for one, other in zip(found, call(plain, a, b), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["companion", "fiedler_companion"])
def test_companion_matrix_of_a_leading_zero(name):
    with pytest.raises(ValueError, match="first coefficient"):
        vjp(getattr(scipy.linalg, name), np.array([0.0, 1.0, 2.0, 3.0]))
