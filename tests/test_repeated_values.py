"""Repeated eigenvalues and singular values: derivatives that exist although those of the vectors do not."""

import math
import warnings

import numpy as np
import pytest

from autodiff_trace import (
    checkpoint, custom_vjp, derivatives, grad, hessian, hvp, jacfwd, jacobian, jit, jvp, to_numpy, value_and_grad, vjp,
    vmap,
)
from autodiff_trace import numpy as anp

rng = np.random.default_rng(0)
N = 4
Q = np.linalg.qr(rng.normal(size=(N, N)))[0]
G, T = rng.normal(size=(2, N, N))
S = T + T.T
IMAGINARY = rng.normal(size=(N, N))


def with_values(*values):
    a = (Q * values) @ Q.T
    return (a + a.T) / 2


MATRICES = {
    "identity": np.eye(N), "zero": np.zeros((N, N)), "up to rounding": with_values(1, 1, 1, 1),
    "two pairs": with_values(1.0, 1, 3, 3), "three": with_values(-2.0, -2, -2, 2),
    "exact pair": np.diag([2.0, 1, 2, 3]),
    "distinct": with_values(1.0, 2, 3, 4),
}


def folded(x):
    """The gradient in the lower triangle, which is the one that is read."""
    return np.tril(x) + np.tril(x.T, -1)


def of_eigh(f):
    def function(a):
        w, v = anp.linalg.eigh(a)
        return anp.sum(G * (v * f(w) @ v.T))

    return function


def exact_change(f, a, t):
    """The derivative of a matrix function in direction t (Daleckii and Krein)."""
    w, v = np.linalg.eigh(a)
    w = np.round(w, 9)
    gap = w[:, None] - w
    slope = grad(f)(w)
    quotients = np.where(gap == 0, slope[:, None] + 0 * gap, (f(w)[:, None] - f(w)) / np.where(gap == 0, 1, gap))
    return v @ (quotients * (v.T @ t @ v)) @ v.T


FUNCTIONS = {
    "itself": lambda w: w, "shifted": lambda w: w - 1, "square": lambda w: w * w, "exp": anp.exp,
    "resolvent": lambda w: 1 / (w + 7),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("matrix", MATRICES)
def test_matrix_functions(name, matrix):
    f, a = FUNCTIONS[name], MATRICES[matrix]
    function = of_eigh(f)
    exact = exact_change(f, a, (G + G.T) / 2)  # it is self-adjoint
    gradients = [
        grad(function), jit(grad(function)), grad(checkpoint(function)), lambda a: vmap(grad(function))(a[None])[0],
        lambda a: jacfwd(function)(a), lambda a: vjp(function, a)[1](1.0)[0],
    ]
    for gradient in gradients:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            warnings.simplefilter("ignore", UserWarning)  # jit runs eagerly
            np.testing.assert_allclose(gradient(a), folded(exact), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(jvp(function, (a,), (S,))[1], np.sum(exact * S), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("matrix", MATRICES)
def test_jacobians_of_matrices_put_together_again(matrix):
    a = MATRICES[matrix]

    def rebuilt(a):
        w, v = anp.linalg.eigh(a)
        return v * w @ v.T

    exact = jacobian(lambda a: anp.tril(a) + anp.tril(a, -1).T)(a)
    np.testing.assert_allclose(jacobian(rebuilt)(a), exact, atol=1e-12)
    np.testing.assert_allclose(jacfwd(rebuilt)(a), exact, atol=1e-12)


@pytest.mark.parametrize("matrix", ["identity", "up to rounding", "two pairs", "exact pair", "distinct"])
def test_hessians_of_symmetric_functions(matrix):
    a = MATRICES[matrix]
    whole = lambda a: anp.tril(a) + anp.tril(a, -1).T  # noqa: E731
    pairs = [
        (lambda a: anp.sum(anp.linalg.eigvalsh(a) ** 2), lambda a: anp.sum(whole(a) ** 2)),
        (lambda a: anp.sum(anp.log(anp.linalg.eigvalsh(a))), lambda a: anp.linalg.slogdet(whole(a))[1]),
        (lambda a: anp.prod(anp.linalg.eigh(a)[0]), lambda a: anp.linalg.det(whole(a))),
        (lambda a: anp.sum(anp.linalg.svdvals(a) ** 2), lambda a: anp.sum(a**2)),
        (lambda a: anp.real(anp.sum(anp.linalg.eigvals(a) ** 2)), lambda a: anp.trace(a @ a)),
    ]
    if matrix == "up to rounding":  # general matrices have vectors there that are all but dependent
        del pairs[-1]
    for function, plain in pairs:
        exact = hessian(plain)(a)
        np.testing.assert_allclose(hessian(function)(a), exact, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(hvp(function)(a, S), hvp(plain)(a, S), rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(jvp(grad(function), (a,), (S,))[1], hvp(plain)(a, S), rtol=1e-8, atol=1e-10)
    compiled = jit(hessian(pairs[0][0]))
    for each in (MATRICES["distinct"], a, MATRICES["distinct"]):
        np.testing.assert_allclose(compiled(each), hessian(pairs[0][1])(each), atol=1e-10)


def test_second_derivatives_in_two_directions():
    """The vectors that one direction picks out are not those of the other."""
    f = lambda a: anp.sum(anp.linalg.eigvalsh(a) ** 2)  # noqa: E731
    x, z = np.array([[0.0, 1], [1, 0]]), np.diag([1.0, -1])
    for a, b, exact in [(x, z, 0), (z, x, 0), (x, x, 4), (x + z, x, 4)]:
        inner = lambda m: jvp(f, (m,), (a,))[1]  # noqa: E731, B023
        assert np.sum(grad(inner)(np.eye(2)) * folded(b) / (2 - np.eye(2))) == pytest.approx(exact) or not exact
        found = jvp(inner, (np.eye(2),), (b,))[1]
        assert np.isnan(found) or found == pytest.approx(exact)


SINGULAR = {
    **MATRICES, "orthogonal": Q, "rank 2": Q[:, :2] @ Q[:2], "tall": Q[:, :2], "wide": 2 * Q[:2],
    "tall, rank 1": np.ones((N, 2)), "tall zero": np.zeros((N, 2)), "rectangle": np.eye(N)[:, :3],
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # jit runs eagerly what is first seen at repeated values
@pytest.mark.parametrize("matrix", SINGULAR)
@pytest.mark.parametrize("full_matrices", [False, True])
def test_singular_value_decompositions(matrix, full_matrices):
    a = SINGULAR[matrix]
    g, t, k = G[: a.shape[0], : a.shape[1]], T[: a.shape[0], : a.shape[1]], min(a.shape)

    def rebuilt(a, f=lambda s: s):
        u, s, vh = anp.linalg.svd(a, full_matrices=full_matrices)
        return anp.sum(g * (u[:, :k] * f(s) @ vh[:k]))

    np.testing.assert_allclose(grad(rebuilt)(a), g, atol=1e-11)
    np.testing.assert_allclose(jit(grad(rebuilt))(Q[: a.shape[0], : a.shape[1]] + a), g, atol=1e-8)
    change = jvp(rebuilt, (a,), (t,))[1]
    # Forward mode has no vectors for a rectangle's values 0.
    np.testing.assert_allclose(change, np.sum(g * t) if change == change or a.shape[0] == a.shape[1] else change)
    # u s³ vᴴ = a aᴴ a
    cube = grad(lambda a: anp.sum(g * (a @ a.T @ a)))(a)
    np.testing.assert_allclose(grad(lambda a: rebuilt(a, lambda s: s**3))(a), cube, rtol=1e-8, atol=1e-9)


def test_polar_factor_of_an_orthogonal_matrix():
    def polar(a):
        u, _, vh = anp.linalg.svd(a)
        return anp.sum(G * (u @ vh))

    m = Q.T @ G
    np.testing.assert_allclose(grad(polar)(Q), Q @ (m - m.T) / 2, atol=1e-13)
    np.testing.assert_allclose(jvp(polar, (Q,), (T,))[1], np.sum(grad(polar)(Q) * T), atol=1e-12)


def test_complex_matrices():
    c, t = G + 1j * IMAGINARY, T + 1j * IMAGINARY
    h = t + t.conj().T
    for a in (np.eye(N) + 0j, MATRICES["two pairs"] + 0j):
        def of_vectors(a):
            w, v = anp.linalg.eigh(a)
            return anp.sum(anp.real(c * (v * w @ anp.conj(v).T)))

        def of_triangle(a):
            lower = anp.tril(a, -1)
            return anp.sum(anp.real(c * (lower + anp.conj(lower).T + anp.diag(anp.real(anp.diag(a))))))

        def of_svd(a):
            u, s, vh = anp.linalg.svd(a)
            return anp.sum(anp.real(c * (u * s @ vh)))

        np.testing.assert_allclose(grad(of_vectors)(a), grad(of_triangle)(a), atol=1e-12)
        np.testing.assert_allclose(jvp(of_vectors, (a,), (h,))[1], np.sum((c * h).real), atol=1e-11)
        np.testing.assert_allclose(grad(of_svd)(a), c, atol=1e-12)
        np.testing.assert_allclose(jvp(of_svd, (a,), (t,))[1], np.sum((c * t).real), atol=1e-11)


@pytest.mark.parametrize("matrix", MATRICES)
def test_general_matrices(matrix):
    def rebuilt(a):
        w, v = anp.linalg.eig(a)
        return anp.sum(G * anp.real(v * w @ anp.linalg.inv(v)))

    a = MATRICES[matrix]
    np.testing.assert_allclose(grad(rebuilt)(a), G, atol=1e-10)
    np.testing.assert_allclose(jvp(rebuilt, (a,), (S,))[1], np.sum(G * S), rtol=1e-9)


def test_results_are_plain():
    def f(a, x):
        w, v = anp.linalg.eigh(a)
        seen.append(to_numpy(w))
        return anp.sum(v * w @ v.T) * x if w[0] > 0.5 else x, {"w": w}

    seen = []
    (value, aux), gradients = value_and_grad(f, (0, 1), has_aux=True)(np.eye(2), 2.0)
    outputs, _ = vjp(anp.linalg.eigh, np.eye(2))
    for each in (value, aux["w"], *gradients, *outputs, *seen, *jacobian(lambda a: f(a, 1.0)[1])(np.eye(2)).values()):
        assert type(each) in (np.float64, np.ndarray)


def test_single_precision():
    gradient = grad(of_eigh(anp.exp))(np.eye(N, dtype=np.float32))
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, np.e * folded((G + G.T) / 2), rtol=1e-5)


@pytest.mark.parametrize("function", [
    lambda a: anp.sum(G * anp.linalg.eigh(a)[1]), lambda a: anp.linalg.eigh(a)[1][0, 0] * anp.linalg.eigh(a)[1][0, 1],
    lambda a: anp.sum(G * anp.linalg.svd(a)[0]), lambda a: anp.sum(G * anp.real(anp.linalg.eig(a)[1])),
])
@pytest.mark.parametrize("matrix", ["identity", "up to rounding"])
def test_what_depends_on_the_choice_of_vectors(function, matrix):
    with pytest.warns(RuntimeWarning, match=r"(eigh|svd|eig): values with a gap of .*NaN .*test_repeated") as seen:
        gradient = grad(function)(MATRICES[matrix])
    assert np.isnan(gradient).any() and len({str(each.message) for each in seen}) == 1


def test_second_derivatives_of_what_depends_on_vectors():
    with pytest.warns(RuntimeWarning, match="second order"):
        assert np.isnan(hessian(of_eigh(anp.exp))(np.eye(N))).any()


def test_series_belong_to_one_choice():
    assert np.isnan(derivatives(lambda t: of_eigh(anp.exp)(np.eye(N) + t * S), 1)(0.0)[1])
    f = lambda t: anp.sum(anp.linalg.eigvalsh(np.eye(N) + t * S) ** 2)  # noqa: E731
    np.testing.assert_allclose(derivatives(f, 1)(0.0), [N, 2 * np.trace(S)])
    assert np.isnan(derivatives(f, 2)(0.0)[2])


def plain_only(w):
    assert type(w) is np.ndarray
    return np.exp(w)


OPAQUE = {
    "traced": anp.exp,
    "to_numpy": lambda w: np.exp(to_numpy(w)),
    "plain arrays alone": plain_only,
    "math": lambda w: np.array([math.exp(x) for x in w]),
    "asarray": lambda w: np.exp(np.asarray(w, dtype=float)),
}


@pytest.mark.parametrize("how", OPAQUE)
def test_custom_rules_whose_forward_makes_plain_numbers(how):
    @custom_vjp
    def f(w):
        return anp.exp(w)

    def forward(w):
        ans = OPAQUE[how](w)
        return ans, ans

    f.defvjp(forward, lambda ans, g: (g * ans,))
    weights = np.arange(9.0).reshape(3, 3)

    def loss(A):
        w, v = anp.linalg.eigh(A)
        return anp.sum(weights * ((v * f(w)) @ v.T))

    symmetric = (weights + weights.T) / 2
    expected = np.tril(2 * symmetric) - np.diag(np.diag(symmetric))
    assert np.allclose(grad(loss)(np.eye(3)), np.e * expected)


def test_custom_rule_of_vectors_whose_forward_makes_plain_numbers_gives_nan():
    @custom_vjp
    def f(w, v):
        return (v * anp.exp(w)) @ v.T

    def forward(w, v):
        w, v = to_numpy(w), to_numpy(v)
        return (v * np.exp(w)) @ v.T, (np.exp(w), v)

    def backward(residuals, g):
        e, v = residuals
        return anp.sum(v * (g @ v), axis=0) * e, (g + g.T) @ (v * e)

    f.defvjp(forward, backward)
    weights = np.arange(9.0).reshape(3, 3)
    with pytest.warns(RuntimeWarning, match="eigh: values with a gap of 0"):
        gradient = grad(lambda A: anp.sum(weights * f(*anp.linalg.eigh(A))))(np.eye(3))
    assert np.isnan(gradient).any()


def project(name, weights):
    def eigh(A):
        w, v = anp.linalg.eigh(A)
        return anp.sum(weights * ((v * anp.exp(w)) @ v.T))

    def eig(A):
        w, v = anp.linalg.eig(A)
        return anp.real(anp.sum(weights * ((v * anp.exp(w)) @ anp.linalg.inv(v))))

    def svd(A):
        u, s, vh = anp.linalg.svd(A)
        return anp.sum(weights * ((u * s) @ vh))

    return {"eigh": eigh, "eig": eig, "svd": svd}[name]


@pytest.mark.parametrize("name", ["eigh", "eig", "svd"])
def test_gaps_that_leave_few_digits_are_mentioned(name):
    rng = np.random.default_rng(0)
    e, weights = rng.normal(size=(2, 4, 4))
    e, weights = e + e.T, weights + weights.T
    f = project(name, weights)
    with pytest.warns(RuntimeWarning, match=f"{name}: values with a gap of .*e-1[345] .* less than three digits"):
        grad(f)(np.eye(4) + 2e-14 * e)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradient = grad(f)(np.eye(4) + 1e-10 * e)
    exact = weights * (1 if name == "svd" else np.e)
    assert np.allclose((gradient + gradient.T) / 2, exact, rtol=1e-4, atol=1e-4)
