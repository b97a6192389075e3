"""Eigenvalues of general matrices that are repeated up to rounding: the gap grows with the condition of the vectors."""

import warnings

import numpy as np
import pytest

from autodiff_trace import grad, hvp, jacfwd, jit, jvp, vjp, vmap
from autodiff_trace import numpy as anp

CONDITIONS = [1, 1e2, 1e3, 1e4]
ALLOWED = 1e-6


def conjugates(*pairs):
    blocks = np.zeros((2 * len(pairs), 2 * len(pairs)))
    for i, (a, b) in enumerate(pairs):
        blocks[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[a, b], [-b, a]]
    return blocks


BLOCKS = {
    "real pairs": np.diag([0.4, 0.4, -1.1, -1.1]),
    "three": np.diag([0.7, 0.7, 0.7, 2.0]),
    "conjugate pairs": conjugates((0.3, 0.9), (0.3, 0.9)),
    "three conjugate pairs, two equal": conjugates((-0.6, 1.3), (0.2, 0.5), (-0.6, 1.3)),
    "distinct": np.diag([0.4, 1.5, -1.1, -2.0]),
}


def general(rng, blocks, condition, is_complex=False):
    """P blocks P⁻¹ for a random P of this condition; the eigenvalues and vectors that it has by construction."""
    n = len(blocks)

    def unitary():
        x = rng.normal(size=(n, n)) + (1j * rng.normal(size=(n, n)) if is_complex else 0)
        return np.linalg.qr(x)[0]

    p = unitary() * np.geomspace(1, 1 / condition, n) @ unitary()
    if is_complex:
        blocks = np.diag(np.linalg.eigvals(blocks) * np.exp(0.3j))
    w, v = np.linalg.eig(blocks)
    return p @ blocks @ np.linalg.inv(p), np.round(w, 12), p @ v


def exact_gradient(g, w, v):
    """That of sum(g * expm(a)) (Daleckii and Krein)."""
    gap = w[:, None] - w
    quotients = np.where(gap == 0, np.exp(w) + 0 * gap, (np.exp(w)[:, None] - np.exp(w)) / np.where(gap == 0, 1, gap))
    inverse = np.linalg.inv(v)
    return (v @ (quotients * (inverse @ g.T @ v)) @ inverse).T


def of_exponential(g):
    def function(a):
        w, v = anp.linalg.eig(a)
        return anp.real(anp.sum(g * ((v * anp.exp(w)[..., None, :]) @ anp.linalg.inv(v))))

    return function


def assert_near(found, exact, allowed=ALLOWED):
    assert np.max(np.abs(found - exact)) <= allowed * np.max(np.abs(exact))


def draw(blocks, condition, seed, is_complex=False):
    rng = np.random.default_rng(seed)
    a, w, v = general(rng, BLOCKS[blocks], condition, is_complex)
    g = rng.normal(size=a.shape) + (1j * rng.normal(size=a.shape) if is_complex else 0)
    exact = exact_gradient(g, w, v)
    return a, g, rng.normal(size=a.shape), exact if is_complex else exact.real


@pytest.fixture(autouse=True)
def no_runtime_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)  # jit runs eagerly
        yield


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("blocks", BLOCKS)
def test_gradients(blocks, condition):
    for seed in range(4):
        a, g, t, exact = draw(blocks, condition, seed)
        f = of_exponential(g)
        for gradient in (grad(f), lambda a: vjp(f, a)[1](1.0)[0], lambda a: vmap(grad(f))(a[None])[0]):
            assert_near(gradient(a), exact)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("blocks", ["conjugate pairs", "three conjugate pairs, two equal", "distinct"])
def test_forward_mode(blocks, condition):
    for seed in range(4):
        a, g, t, exact = draw(blocks, condition, seed)
        f = of_exponential(g)
        size = np.linalg.norm(exact) * np.linalg.norm(t)
        for change in (jvp(f, (a,), (t,))[1], jit(lambda a: jvp(f, (a,), (t,))[1])(a)):
            assert abs(change - np.sum(exact * t)) <= ALLOWED * size
        jac = jacfwd(f)(a)  # NaN in single directions of which the vectors that go with them are all but dependent
        known = ~np.isnan(jac)
        assert known.mean() > 0.7
        assert np.max(np.abs(jac - exact)[known]) <= ALLOWED * np.max(np.abs(exact))


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("blocks", ["real pairs", "three"])
def test_forward_mode_is_right_or_nan(blocks, condition):
    """It is NaN where real values would part into conjugate ones."""
    for seed in range(4):
        a, g, t, exact = draw(blocks, condition, seed)
        change = jvp(of_exponential(g), (a,), (t,))[1]
        size = np.linalg.norm(exact) * np.linalg.norm(t)
        assert np.isnan(change) or abs(change - np.sum(exact * t)) <= ALLOWED * size


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("blocks", BLOCKS)
def test_complex_matrices(blocks, condition):
    for seed in range(3):
        a, g, t, exact = draw(blocks, condition, seed, is_complex=True)
        t = t + 1j * t[::-1]
        slope, size = np.real(np.sum(exact * t)), np.linalg.norm(exact) * np.linalg.norm(t)
        f = of_exponential(g)
        assert_near(grad(f)(a), exact)
        assert abs(jvp(f, (a,), (t,))[1] - slope) <= ALLOWED * size


@pytest.mark.parametrize("condition", CONDITIONS)
def test_stacks(condition):
    """Each matrix has a tolerance of its own."""
    names = ["real pairs", "distinct", "conjugate pairs"]
    stack, gs, _, exacts = zip(*[draw(name, condition, seed) for seed, name in enumerate(names)])
    found = grad(of_exponential(np.stack(gs)))(np.stack(stack))
    for each, exact in zip(found, exacts):
        assert_near(each, exact)
    for a, g, exact in zip(stack, gs, exacts):
        assert_near(vmap(grad(of_exponential(g)))(np.stack([a, stack[1], a]))[2], exact)


@pytest.mark.parametrize("condition", [1, 10, 30])
@pytest.mark.parametrize("blocks", BLOCKS)
def test_single_precision(blocks, condition):
    for seed in range(4):
        a, g, _, exact = draw(blocks, condition, seed)
        found = grad(of_exponential(g.astype(np.float32)))(a.astype(np.float32))
        assert found.dtype == np.float32
        assert_near(found, exact, 2e-3)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("blocks", ["real pairs", "conjugate pairs"])
def test_compiled_at_distinct_values(blocks, condition):
    """Repeated values are not replayed."""
    for seed in range(3):
        a, g, t, exact = draw(blocks, condition, seed)
        compiled = jit(grad(of_exponential(g)))
        other = BLOCKS[blocks] + 0.05 * np.arange(16).reshape(4, 4) % 0.17
        for each in (other, a, other):
            found = compiled(each)
            assert_near(found, exact if each is a else grad(of_exponential(g))(each))


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("blocks", ["real pairs", "three", "conjugate pairs"])
def test_what_depends_on_the_vectors(blocks, condition):
    a, g, t, _ = draw(blocks, condition, 0)
    with pytest.warns(RuntimeWarning, match="eig: values with a gap") as caught:
        found = grad(lambda a: anp.sum(g * anp.abs(anp.linalg.eig(a)[1]) ** 2))(a)
    assert np.isnan(found).any() and len(caught) == 1


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("blocks", BLOCKS)
def test_second_derivatives_are_right_or_nan(blocks, condition):
    """The sum of squares of eigenvalues is the trace of the square."""
    a, _, t, _ = draw(blocks, condition, 0)
    f = lambda a: anp.real(anp.sum(anp.linalg.eigvals(a) ** 2))  # noqa: E731
    found = hvp(f)(a, t)
    assert np.isnan(found).any() or np.max(np.abs(found - 2 * t.T)) <= ALLOWED * np.max(np.abs(t)) * condition


@pytest.mark.parametrize("gap", [1e-4, 1e-6])
@pytest.mark.parametrize("condition", [1, 10, 100])
def test_close_values_are_not_equal(gap, condition):
    """The vectors of values that differ by more than rounding have derivatives, as differences show."""
    rng = np.random.default_rng(0)
    a, _, _ = general(rng, np.diag([1, 1 + gap, 2.0]), condition)
    g, t = rng.normal(size=(2, 3, 3))
    f = lambda a: anp.sum(g * anp.real(anp.linalg.eig(a)[1]) ** 2)  # noqa: E731 (complex since NumPy 2.5)
    step = 1e-4 * gap / condition
    aligned = [map(np.real, np.linalg.eig(a + s * t)) for s in (step, -step)]
    order = np.argsort(np.argsort(np.linalg.eigvals(a).real))
    sums = [np.sum(g * v[:, np.argsort(w)][:, order] ** 2) for w, v in aligned]
    change = np.sum(grad(f)(a) * t)
    assert np.isfinite(change) and change == pytest.approx((sums[0] - sums[1]) / (2 * step), rel=2e-2)


def test_badly_scaled_values_are_not_equal():
    a = np.array([[1, 1e12], [0, 2.0]])
    found = grad(lambda a: anp.sum(anp.real(anp.linalg.eig(a)[1][0]) ** 2 * np.array([1.0, 2])))(a)
    assert np.isfinite(found).all()
