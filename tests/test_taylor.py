"""Taylor mode: derivatives along a curve agree with nested forward mode, with closed forms, and nest themselves."""

import math
import pickle

import numpy as np
import pytest

from autodiff_trace import extend, grad, graph, jvp, nn, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.transforms.taylor import derivatives, jet


def nested_jvp(fun, order):
    """The same by definition: ``jvp`` of ``jvp`` of …"""
    functions = [fun]
    for _ in range(order):
        functions.append(lambda t, f=functions[-1]: jvp(f, (t,), (np.ones_like(t)[()],))[1])
    return lambda t: [f(t) for f in functions]


def check_along_line(fun, x, order=4, tolerance=1e-9):
    """Derivatives of ``fun(x(t))`` along a line and along a curve, so that no coefficient is zero."""
    curve = lambda t: fun(x + 0.7 * t + 0.2 * t * t - 0.3 * t**3)  # noqa: E731
    for along in (fun, lambda t: fun(x + 0.7 * t), curve):
        at = x if along is fun else np.float64(0.0)
        found, expected = derivatives(along, order)(at), nested_jvp(along, order)(at)
        assert len(found) == order + 1
        for d, e in zip(found, expected):
            assert np.shape(d) == np.shape(e) and d.dtype == np.asarray(e).dtype
            np.testing.assert_allclose(d, e, rtol=tolerance, atol=tolerance * max(1, np.max(np.abs(e), initial=0)))


UNIT = np.array([-0.8, -0.3, 0.2, 0.6])
POSITIVE = np.array([0.4, 1.1, 2.3])
ABOVE_ONE = np.array([1.2, 1.9, 3.0])
ELEMENTWISE = {
    "arccos": UNIT, "arccosh": ABOVE_ONE, "arcsin": UNIT, "arcsinh": UNIT, "arctan": UNIT, "arctanh": UNIT,
    "cbrt": POSITIVE, "cos": UNIT, "cosh": UNIT, "deg2rad": UNIT, "exp": UNIT, "exp2": UNIT, "expm1": UNIT,
    "i0": UNIT, "log": POSITIVE, "log10": POSITIVE, "log1p": UNIT, "log2": POSITIVE, "negative": UNIT,
    "positive": UNIT, "reciprocal": POSITIVE, "sin": UNIT, "sinc": UNIT, "sinh": UNIT, "sqrt": POSITIVE,
    "square": UNIT, "tan": UNIT, "tanh": UNIT,
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name):
    check_along_line(getattr(anp, name), ELEMENTWISE[name], tolerance=1e-8)


@pytest.mark.parametrize("name", "arccosh arctan cos exp log sin sinh sqrt square tan tanh".split())
def test_complex(name):
    check_along_line(getattr(anp, name), np.array([1.2 + 0.5j, 0.7 - 0.4j]))


@pytest.mark.parametrize(
    "fun", [lambda x: (1j * x) ** 2j, lambda x: 1j / (x * (2 + 1j)), lambda x: (1 + 1j - x) ** 0.5 * 1j + 2j**x]
)
def test_complex_numbers_of_python(fun):
    check_along_line(fun, np.float64(0.7))


M = np.array([[2.0, 0.3, -0.1], [0.4, 1.5, 0.2], [-0.3, 0.1, 1.1]])
V = np.array([0.3, -0.7, 1.2])
OTHERS = {
    "sum of products": lambda x: x * (x + 1) - 3 / (x + 4) + (2 - x) / 5,
    "power constant": lambda x: (x + 2) ** 2.5 + (x + 2) ** -1.5,
    "power whole": lambda x: x**3 + x**0 + x**1 + (x + 2) ** -3 + x ** np.float64(5.0),
    "power of arrays": lambda x: (x + 2) ** np.array([2.0, 3.0, 0.5]),
    "power traced": lambda x: (x + 2) ** (x - 1) + 2.0**x,
    "arctan2": lambda x: anp.arctan2(x + 1.5, x * x + 0.5),
    "hypot": lambda x: anp.hypot(x, 2.0) + anp.hypot(x, x * x + 1),
    "logaddexp": lambda x: anp.logaddexp(x, 2 * x) + anp.logaddexp2(x, 0.3),
    "maximum": lambda x: anp.maximum(x, x * x) + anp.minimum(x, 0.3) + anp.clip(x * x, 0.2, 1.3),
    "absolute": lambda x: anp.absolute(x) * anp.sign(x) + anp.floor(x) * x,
    "where": lambda x: anp.where(x > 0, anp.sin(x), x * x),
    "reductions": lambda x: anp.sum(x * x) + anp.mean(anp.exp(x)) + anp.prod(x) + anp.max(x) * anp.var(x) + anp.std(x),
    "axes": lambda x: anp.sum(M * x, axis=0) + anp.mean(M * x * x, axis=1) + anp.prod(M + x, axis=-1),
    "cumulative": lambda x: anp.cumsum(anp.sin(x)) + anp.cumprod(x + 2),
    "shapes": lambda x: anp.reshape(anp.broadcast_to(anp.sin(x), (2, 3)).T, (3, 2))[:, ::-1],
    "joins": lambda x: anp.concatenate([x * x, V, anp.stack([x[0] ** 3, x[1]])]) + anp.array([[x[0], 1.0]])[0, 0],
    "sequences": lambda x: anp.vstack([anp.sin(x), x * x]) + anp.hstack([x[0], x[1], x[2] ** 2]),
    "sort": lambda x: anp.sort(x * x) + anp.median(anp.exp(x)) + anp.roll(x, 1) * anp.flip(x) + anp.diff(x)[0],
    "matmul": lambda x: (M * x) @ (M + x) @ x + anp.dot(x, anp.sin(x)) + M @ (x * x),
    "products": lambda x: anp.outer(x, x * x) + anp.tensordot(x, M * x, 1) + anp.kron(x, x)[:3] + anp.inner(x, x),
    "einsum": lambda x: anp.einsum("ij,jk,k->i", M * x, M + x, anp.sin(x)) + anp.einsum("ii->i", M * x * x),
    "inverse": lambda x: anp.linalg.inv(M + anp.outer(x, x) / 4),
    "solve": lambda x: anp.linalg.solve(M + anp.outer(x, x) / 4, anp.sin(x)),
    "determinant": lambda x: anp.linalg.det(M * x) + anp.linalg.slogdet(M + anp.outer(x, x) / 4)[1],
    "cholesky": lambda x: anp.linalg.cholesky(M @ M.T + anp.outer(x, x)),
    "eigh": lambda x: anp.linalg.eigh(M + M.T + anp.outer(x, x) / 4)[0],
    "norm": lambda x: anp.linalg.norm(x * x + 1),
    "fft": lambda x: anp.real(anp.fft.fft(x * x)) + anp.abs(anp.fft.fft(x + 2)),
    "item assignment": lambda x: assign(anp.sin(x), x),
    "neural": lambda x: nn.sigmoid(x) + nn.softmax(x) * nn.logsumexp(x) + nn.relu(x),
    "gradient inside": lambda x: grad(lambda y: anp.sum(anp.sin(y) * x * y))(x * x),
    "vmap inside": lambda x: vmap(lambda y, z: anp.dot(y, x) * anp.sin(z))(M, x),
}


def assign(y, x):
    y[1:] = x[1:] ** 2
    return y * y


@pytest.mark.parametrize("name", OTHERS)
def test_others(name):
    check_along_line(OTHERS[name], V, order=3, tolerance=1e-8)


@pytest.mark.parametrize("name", ["exp", "log", "power", "tanh", "divide", "multiply", "sqrt", "sin"])
def test_series_rules_agree_with_what_follows_from_the_jvp(name, monkeypatch):
    prim = getattr(anp, name)
    several = {"power": lambda x: x**1.7 * x**x, "divide": lambda x: x / anp.cos(x), "multiply": lambda x: x * x * x}
    fun = several.get(name, prim)
    by_rule = derivatives(lambda t: fun(anp.sin(t) + 2), 5)(0.3)
    monkeypatch.setattr(prim.traits, "series", None)
    np.testing.assert_allclose(derivatives(lambda t: fun(anp.sin(t) + 2), 5)(0.3), by_rule, rtol=1e-11)


# Closed forms


def test_orders_and_outputs():
    assert derivatives(anp.sin, 0)(0.5) == [np.sin(0.5)]
    assert [float(d) for d in derivatives(lambda x: x**3, 5)(2)] == [8, 12, 12, 6, 0, 0]  # an integer is a float64
    out = derivatives(lambda x: {"a": anp.exp(x), "b": (x * x, 7.0)}, 2)(np.array([0.0, 1.0]))
    np.testing.assert_allclose(out[1]["a"], np.exp([0.0, 1.0]))
    np.testing.assert_allclose(out[2]["b"][0], [2.0, 2.0])
    assert out[1]["b"][1] == 0
    found, aux = derivatives(lambda x, k: (x**k, "aux"), 1, argnames="x", has_aux=True)(3.0, k=2)
    assert found == [9.0, 6.0] and aux == "aux"
    assert derivatives(lambda k, x: k * x, 1, argnums=1)(2, 3.0) == [6.0, 2.0]


def test_high_order():
    found = derivatives(lambda x: 1 / (1 - x), 40)(0.5)
    np.testing.assert_allclose(found, [math.factorial(k) * 2.0 ** (k + 1) for k in range(41)], rtol=1e-10)
    found = derivatives(lambda x: anp.exp(-x * x), 6)(0.0)
    np.testing.assert_allclose(found, [1, 0, -2, 0, 12, 0, -120], atol=1e-12)


def test_sixth_derivative_of_tanh_keeps_its_digits():
    x = np.array([-7.0, 7.0])  # f⁽⁶⁾ of tanh is ∓ 2⁷ e^(∓2x) (1 + O(e⁻¹⁴·2⁶)) at both ends
    e = np.exp(-2 * np.abs(x))
    # tanh x = 1 − 2 Σ (−1)ᵏ⁺¹ e^(−2kx), so the sixth derivative is −2 Σ (−1)ᵏ⁺¹ (2k)⁶ e^(−2kx)
    expected = np.sign(x) * -2 * (2**6 * e - 4**6 * e**2 + 6**6 * e**3 - 8**6 * e**4)
    np.testing.assert_allclose(derivatives(anp.tanh, 6)(x)[6], expected, rtol=1e-13)
    by_exponentials = derivatives(lambda x: (1 - anp.exp(-2 * x)) / (1 + anp.exp(-2 * x)), 6)(x)[6]
    np.testing.assert_allclose(by_exponentials, expected, rtol=1e-7)


def test_dtypes_are_kept():
    for dtype in (np.float16, np.float32, np.complex64):
        x = np.array([0.3, 0.6], dtype)
        for d in derivatives(lambda x: anp.tanh(x) / (1 + x) ** 1.5 + anp.linalg.norm(x) + 2**x, 3)(x):
            assert d.dtype == dtype


def test_results_are_own_memory():
    x = np.array([1.0, 2.0])
    first, *rest = derivatives(lambda x: x + x, 2)(x)
    rest[0][:] = 5
    assert np.all(rest[1] == 0) and np.all(first == 2 * x)


# Awkward points


def test_where_masks_what_was_not_taken():
    with np.errstate(over="ignore"):  # of the value: exp(1000)
        found = derivatives(lambda x: anp.where(x <= 0, anp.exp(x), 1 + x), 3)(np.float64(1000.0))
    assert [float(d) for d in found] == [1001, 1, 0, 0]
    with np.errstate(invalid="ignore"):  # of the value: sqrt(-1)
        assert derivatives(lambda x: anp.where(x >= 0, x, anp.sqrt(-x)), 2)(1.0)[1:] == [1, 0]


def test_powers_at_zero():
    assert [float(d) for d in derivatives(lambda x: x**2, 3)(0.0)] == [0, 0, 2, 0]
    assert [float(d) for d in derivatives(lambda x: x**0.0, 2)(0.0)] == [1, 0, 0]
    assert [float(d) for d in derivatives(lambda x: x**1.5, 2)(0.0)] == [0, 0, math.inf]
    assert [float(d) for d in derivatives(lambda x: (x + x * x) ** 1.5, 2)(0.0)] == [0, 0, math.inf]
    squares = derivatives(lambda x: (x + x * x) ** np.array([2.0]), 4)(np.zeros(1))
    assert [d.item() for d in squares] == [0, 0, 2, 12, 24]
    assert [float(d) for d in derivatives(lambda y: 0.0**y, 2)(1.0)] == [0, 0, 0]
    np.testing.assert_array_equal(derivatives(lambda x: x ** (1 + x), 2)(0.0), [0, 1, np.nan])  # the second is infinite
    assert [float(d) for d in derivatives(lambda x: x ** (3 + x), 2)(0.0)] == [0, 0, 0]


def test_roots_and_distances_at_zero():
    assert [float(d) for d in derivatives(anp.sqrt, 3)(0.0)] == [0, math.inf, -math.inf, math.inf]
    selected = derivatives(lambda x: anp.sqrt(anp.stack([0.0, x])), 2)(4.0)  # the first element never moves
    np.testing.assert_array_equal(selected, [[0, 2], [0, 0.25], [0, -1 / 32]])
    assert [float(d) for d in derivatives(anp.absolute, 2)(0.0)] == [0, 0, 0]
    assert [float(d) for d in derivatives(lambda x: anp.hypot(x, x), 2)(0.0)] == [0, 0, 0]
    assert [float(d) for d in derivatives(lambda x: anp.linalg.norm(x * np.ones(3)), 1)(0.0)] == [0, 0]
    with np.errstate(divide="ignore"):  # of the value
        assert [float(d) for d in derivatives(anp.log, 2)(0.0)][1:] == [math.inf, -math.inf]
    assert np.isclose(derivatives(anp.sinc, 2)(0.0)[2], -np.pi**2 / 3)
    assert derivatives(lambda x: anp.maximum(x, 0.0), 1)(0.0) == [0, 0.5]
    np.testing.assert_array_equal(derivatives(lambda x: anp.sum((1 / (x * np.array([0.5, 1.0])))[1:]), 1)(1.0), [1, -1])


# jet


def test_jet():
    x, y = np.array([0.3, 0.5]), np.array([1.0, 2.0])
    ones, zeros = np.ones(2), np.zeros(2)
    series = ([np.array([1.0, 0.5]), np.array([0.2, 0.1]), np.array([0.4, -0.3])], [ones, zeros, ones])
    value, terms = jet(lambda x, y: anp.sin(x) * y, (x, y), series)

    def along(t):
        powers = [t, t * t / 2, t**3 / 6]
        xt, yt = (p + sum(c * w for c, w in zip(s, powers)) for p, s in zip((x, y), series))
        return anp.sin(xt) * yt

    for d, e in zip([value, *terms], derivatives(along, 3)(0.0)):
        np.testing.assert_allclose(d, e, rtol=1e-12)
    tangent = jvp(lambda x: anp.exp(x["a"]), ({"a": x},), ({"a": y},))
    value, terms = jet(lambda x: anp.exp(x["a"]), ({"a": x},), ([{"a": y}],))
    np.testing.assert_allclose([value, *terms], tangent)
    assert jet(anp.sin, (0.5,), ([],)) == (np.sin(0.5), [])


def test_jet_agrees_with_jax():
    jax = pytest.importorskip("jax")
    jax_jet = pytest.importorskip("jax.experimental.jet")
    jax.config.update("jax_enable_x64", True)
    series = [0.7, -0.2, 0.4, 1.1]
    for name in ("exp", "log", "sin", "tanh", "sqrt"):
        expected = jax_jet.jet(getattr(jax.numpy, name), (0.8,), (series,))
        found = jet(getattr(anp, name), (0.8,), (series,))
        np.testing.assert_allclose([found[0], *found[1]], [expected[0], *expected[1]], rtol=1e-6)


# Nesting


def test_nests_with_the_other_transformations():
    fourth = lambda x: derivatives(lambda y: anp.sin(y) * anp.exp(y), 3)(x)[3]  # noqa: E731
    expected = float(derivatives(lambda y: anp.sin(y) * anp.exp(y), 4)(0.3)[4])
    assert np.isclose(grad(fourth)(0.3), expected)
    assert np.isclose(jvp(fourth, (0.3,), (1.0,))[1], expected)
    assert np.isclose(derivatives(fourth, 1)(0.3)[1], expected)
    x = np.array([0.3, 0.5])
    np.testing.assert_allclose(vmap(fourth)(x), fourth(x))
    both = lambda x, a: derivatives(lambda t: anp.sqrt(a + t * t) ** 1.5 / t, 2)(x)[2]  # noqa: E731
    h = 1e-6
    slope = (both(0.7, 1.1 + h) - both(0.7, 1.1 - h)) / (2 * h)
    assert np.isclose(grad(both, 1)(0.7, 1.1), slope, rtol=1e-7)
    assert np.isclose(derivatives(lambda x: x * derivatives(lambda y: x + y, 1)(x)[1], 1)(2.0)[1], 1.0)
    second = derivatives(lambda x: vjp(anp.sin, x)[1](1.0)[0], 1)(0.3)[1]
    assert np.isclose(second, -np.sin(0.3))


def test_own_primitive_without_a_series_rule():
    @extend.primitive
    def cube(x):
        return x**3

    extend.elementwise(cube, lambda ans, x: 3 * ans / x)  # reads its answer: a coefficient a pass
    np.testing.assert_allclose(derivatives(lambda t: cube(t * t), 6)(1.0), [1, 6, 30, 120, 360, 720, 720])

    @extend.primitive
    def bare(x):
        return x

    with pytest.raises(NotImplementedError, match="bare has no derivative"):
        derivatives(bare, 2)(1.0)


def test_work_grows_as_the_square():
    def count(order):
        steps = graph(derivatives(lambda x: anp.exp(x * anp.sin(x)) / (2 + anp.sqrt(x)), order), np.float64(0.3)).nodes
        return len(steps)

    counts = [count(order) for order in (10, 20, 40)]
    assert counts[2] - counts[1] < 4.2 * (counts[1] - counts[0])


def test_errors():
    with pytest.raises(ValueError, match="order is a whole number"):
        derivatives(anp.sin, -1)
    with pytest.raises(TypeError, match="use jet"):
        derivatives(lambda p: p["a"], 2)({"a": 1.0})
    with pytest.raises(TypeError, match="jet: series has for each argument"):
        jet(lambda x, y: x * y, (1.0, 2.0), ([1.0], [1.0, 2.0]))
    with pytest.raises(TypeError, match="of shape"):
        jet(anp.sin, (1.0,), ([np.ones(2)],))
    with pytest.raises(TypeError, match="tuples, an entry"):
        jet(anp.sin, 1.0, [1.0])


def test_name_and_pickle():
    assert repr(derivatives(anp.sin, 2)) == "derivatives(sin, order=2, argnums=0)"
    copy = pickle.loads(pickle.dumps(derivatives(anp.sin, 1)))
    assert copy(0.0) == [0, 1]
