"""Functions that work element by element, on real numbers."""

from functools import partial

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, jvp, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

X = np.array([0.3, -0.6, 0.8])
UPPER = np.array([1.4, 2.5, 3.7])
COLUMN = np.array([[1.3], [2.6]])
ROW = np.array([0.4, 0.7, -1.9])
EMPTY = np.zeros((0, 2))

EVERYWHERE = """
    absolute arcsinh arctan cbrt cos cosh deg2rad degrees exp exp2 expm1 fabs i0 negative positive rad2deg radians real
    sin sinc sinh square tan tanh imag conjugate angle nan_to_num real_if_close
""".split()
INSIDE_ONE = "arccos arcsin arctanh log1p".split()
POSITIVE = "arccosh log log10 log2 reciprocal sqrt".split()
STEPS = "around ceil fix floor rint round sign spacing trunc".split()
BINARY = """
    add arctan2 copysign divide float_power fmax fmin fmod heaviside hypot logaddexp logaddexp2 maximum minimum multiply
    power remainder subtract
""".split()

ROWS = [
    *(row(name, X) for name in EVERYWHERE + INSIDE_ONE),
    *(row(name, UPPER) for name in POSITIVE),
    *(row(name, UPPER[1]) for name in EVERYWHERE + POSITIVE + ["modf", "frexp"]),
    *(row(name, EMPTY) for name in EVERYWHERE + INSIDE_ONE + POSITIVE),
    *(row(name, X) for name in STEPS),
    *(row(name, UPPER, ROW + 3) for name in BINARY),
    *(row(name, COLUMN, np.abs(ROW)) for name in BINARY),
    *(row(name, np.abs(ROW), COLUMN) for name in BINARY),
    *(row(name, 1.7, np.abs(ROW)) for name in BINARY),
    *(row(name, UPPER, 3) for name in BINARY),
    *(row(name, UPPER[1], ROW[1]) for name in BINARY),
    *(row(name, EMPTY, UPPER[:2]) for name in BINARY),
    row("arctan2", X, ROW),
    row("clip", ROW, -0.5, 0.5),
    row("clip", ROW, None, 0.5),
    row("clip", ROW, a_min=-0.5, a_max=None),
    row("clip", COLUMN, np.array([0.0, 1.5, 2.8]), np.array([1.0, 2.0, 3.0])),
    row("clip", ROW, np.float64(-0.5), 1),
    row("divmod", UPPER, ROW),
    row("divmod", COLUMN, ROW),
    row("frexp", ROW),
    row("hypot", X[::-1], np.asfortranarray(np.ones((2, 3)))[:, ::1]),
    row("i0", np.array([0.0, 7.5, 8.5, -24.0, 30.0]), tolerance=1e-5),
    row("ldexp", ROW, np.array([2, 0, -3])),
    row("ldexp", COLUMN, np.array([2, 0, -3])),
    row("modf", ROW),
    row("nan_to_num", ROW, nan=1.0, posinf=2.0),
    row("nextafter", UPPER, 0.0),
    row("power", ROW, 2),
    row("power", ROW, np.array(3)),
    row("power", ROW, -2),
    row("power", ROW, np.array([2, 3, -1])),
    row("power", UPPER, 0),
    row("power", 2, ROW),
    row("remainder", ROW, -0.6),
    row("round", ROW, 1),
    row("round", ROW, decimals=1),
    row("sin", np.arange(6.0).reshape(2, 3).T),
    row("sinc", np.array([0.0, 1e-5, 1.0, 7.3])),
    row("unwrap", np.array([[0.1, 3.4, 7.1], [0.3, -4.1, 2.0]])),
    row("unwrap", np.array([[0.1, 3.4, 7.1], [0.3, -4.1, 2.0]]), axis=0, period=4.7),
    row("unwrap", np.array([0.1, 3.4, 7.1]), 2, -1),
]

test_elementwise = table_test(ROWS)


def derivative(f, order, x):
    """The derivative of ``f`` of the given order at ``x``, in reverse mode alone and in forward mode outside."""
    for _ in range(order - 1):
        f = grad(f)
    reverse = grad(f)(x)
    np.testing.assert_allclose(jvp(f, (x,), (1.0,))[1], reverse, rtol=1e-12)
    return reverse


# Awkward points


@pytest.mark.parametrize("f, order, x, expected", [
    (lambda x: x**2, 2, 0.0, 2),
    (lambda x: x ** np.float64(2.0), 2, 0.0, 2),
    (lambda x: x**3, 2, -2.0, -12),
    (lambda x: x**0.0, 1, 0.0, 0),
    (lambda x: x ** np.zeros(()), 1, 0.0, 0),
    (lambda x: x**1.5, 1, 0.0, 0),
    (lambda x: x**0.5, 1, 0.0, np.inf),
    (lambda x: x**-2, 1, -2.0, 0.25),
    (lambda x: x ** np.array(-2.0), 1, -2.0, 0.25),
    (lambda y: 0.0**y, 1, 1.0, 0),
    (lambda x: anp.exp(-(x**2)), 3, 0.0, 0),
    (anp.sqrt, 1, 0.0, np.inf),
    (anp.cbrt, 1, 0.0, np.inf),
    (anp.arcsin, 1, 1.0, np.inf),
    (anp.arccosh, 1, 1.0, np.inf),
    (anp.absolute, 1, 0.0, 0),
    (anp.fabs, 1, 0.0, 0),
    (lambda x: anp.hypot(x, 0.0), 1, 0.0, 0),
    (lambda x: anp.hypot(x, 0.0), 2, 0.0, 0),
    (lambda x: anp.arctan2(x, 0.0), 1, 0.0, 0),
    (lambda x: anp.arctan2(0.0, x), 1, 0.0, 0),
    (lambda x: anp.arctan2(x, 1e-200), 1, 1e-200, 5e199),
    (anp.arctan, 1, 1e200, 0),
    (anp.arcsinh, 1, 1e200, 1e-200),
    (anp.expm1, 1, -60.0, np.exp(-60.0)),
    (lambda x: anp.maximum(x, 0.0), 1, 0.0, 0.5),
    (lambda x: anp.minimum(0.0, x), 1, 0.0, 0.5),
    (lambda x: anp.maximum(x, x), 1, 0.0, 1),
    (lambda x: anp.fmax(x, np.nan), 1, 2.0, 1),
    (lambda x: anp.fmin(np.nan, x), 1, 2.0, 1),
    (lambda x: anp.fmax(x, 1.0), 1, np.nan, 0),
    (lambda x: anp.clip(x, 0.0, 1.0), 1, 0.0, 0.5),
    (lambda x: anp.clip(x, 0.0, 1.0), 1, 1.0, 0.5),
    (lambda x: anp.clip(x, min=0.0), 1, -1.0, 0),
    (lambda x: anp.clip(x, max=0.0), 1, -1.0, 1),
    (lambda x: anp.clip(0.0, x, 2.0), 1, 1.0, 1),
    (lambda x: x.clip(-1, 1), 1, 0.5, 1),
    (lambda x: anp.logaddexp(x, np.inf), 1, np.inf, 0.5),
    (lambda x: anp.logaddexp(x, -np.inf), 1, -np.inf, 0.5),
    (lambda x: anp.logaddexp(x, -np.inf), 1, 1.0, 1),
    (lambda x: anp.logaddexp(x, 0.0), 1, -np.inf, 0),
    (lambda x: anp.logaddexp(x, 800.0), 1, 0.0, np.exp(-800.0)),
    (lambda x: anp.logaddexp(x, 1.0), 2, 1.0, 0.25),
    (lambda x: anp.logaddexp2(x, -np.inf), 1, -np.inf, 0.5),
    (lambda x: anp.remainder(-7.5, x), 1, 2.0, 4),
    (lambda x: anp.fmod(-7.5, x), 1, 2.0, 3),
    (lambda x: -7.5 % x, 1, 2.0, 4),
    (lambda x: divmod(-7.5, x)[1], 1, 2.0, 4),
    (lambda x: divmod(x, 2.0)[1], 1, 7.5, 1),
    (lambda x: anp.heaviside(x, 0.5), 1, 0.0, 0),
    (lambda x: anp.heaviside(0.0, x), 1, 0.5, 1),
    (lambda x: anp.copysign(x, -1.0), 1, 2.0, -1),
    (lambda x: anp.copysign(x, -0.0), 1, -2.0, 1),
    (lambda x: anp.copysign(2.0, x), 1, -2.0, 0),
    (lambda x: anp.modf(x)[0], 1, -np.inf, 1),
    (lambda x: anp.modf(x)[1], 1, 2.5, 0),
    (lambda x: anp.frexp(x)[0], 1, 6.0, 0.125),
    (lambda x: anp.ldexp(x, 3), 1, 1.5, 8),
    (lambda x: anp.nan_to_num(x), 1, np.nan, 0),
    (lambda x: anp.nan_to_num(x), 1, -np.inf, 0),
    (lambda x: anp.nan_to_num(np.array([np.nan, 1.0]), nan=x).sum(), 1, 5.0, 1),
    (lambda x: anp.unwrap(np.array([0.0, 4.0, 9.0]), period=x).sum(), 1, 5.0, -3),
    (lambda x: x.round(1) * x, 1, 1.26, 1.3),
    (lambda x: anp.angle(x), 1, -1.0, 0),
    (lambda x: anp.i0(x), 2, 0.0, 0.5),
    (lambda x: anp.i0(x), 1, 30.0, 768532038938.957),
    (lambda x: anp.i0(x), 3, -7.0, -138.32319136317756),
    (lambda x: anp.i0(x), 2, 300.0, 4.4609527633182624e128),
])
def test_point(f, order, x, expected):
    np.testing.assert_allclose(derivative(f, order, x), expected, rtol=1e-14)


# The derivatives of sinc, from mpmath with 30 digits.
SINC = {
    0.0: [0, -3.289868133696453, 0, 19.481818206800487],
    1e-5: [-3.289868133371756e-05, -3.289868132722362, 0.00019481818204511466, 19.48181819993342],
    1e-3: [-0.0032898648867278964, -3.289858392793072, 0.01948179531659038, 19.48174953618773],
    0.3: [-0.9020281301388888, -2.4584852862661744, 5.24749315292437, 13.648773849855683],
    1.0: [-1, 2, 3.8696044010893584, -15.478417604357434],
    3.7: [0.17767155156189876, 0.590880741360495, -2.0469865235142435, -4.566664506107351],
}


@pytest.mark.parametrize("x", SINC)
def test_sinc(x):
    for order, expected in enumerate(SINC[x], 1):
        np.testing.assert_allclose(derivative(anp.sinc, order, x), expected, rtol=1e-14)


@pytest.mark.parametrize("f, x, warns, expected", [
    (lambda x: anp.where(x <= 0, anp.exp(x), 1 + x), 1000.0, "over", [1, 0]),
    (lambda x: anp.where(x >= 0, x, anp.sqrt(-x)), 1.0, "invalid", [1, 0]),
    (lambda x: anp.where(x > 0, anp.log(x), x), 0.0, "divide", [1, 0]),
    (lambda x: anp.where(x > 0, 1 / x, x), 0.0, "divide", [1, 0]),
    (lambda x: anp.where(x > 0, x**0.5, x), 0.0, "divide", [1, 0]),
    (lambda x: anp.where(x < 1, anp.arccos(x), x), 2.0, "invalid", [1, 0]),
    (lambda x: anp.where(x < 1, anp.cosh(x), x), 1000.0, "over", [1, 0]),
])
def test_branch_not_taken(f, x, warns, expected):
    """Only the value itself may warn; the branch that was not taken adds exactly 0."""
    with np.errstate(**{warns: "ignore"}):
        assert [derivative(f, order, x) for order in (1, 2)] == expected
        array = grad(f)(np.array([x, x]))
    np.testing.assert_array_equal(array, [expected[0]] * 2)


def test_both_arguments():
    assert grad(anp.maximum, (0, 1))(2.0, 2.0) == (0.5, 0.5)
    assert grad(anp.hypot, (0, 1))(0.0, 0.0) == (0, 0)
    assert grad(anp.arctan2, (0, 1))(0.0, 0.0) == (0, 0)
    assert grad(anp.logaddexp, (0, 1))(np.inf, np.inf) == (0.5, 0.5)
    assert grad(anp.clip, (0, 1, 2))(3.0, 0.0, 1.0) == (0, 0, 1)
    assert grad(anp.power, (0, 1))(0.0, 1.0) == (1, 0)
    mixed = grad(lambda y: grad(anp.power)(2.0, y))
    assert mixed(0.0) == 0.5


def first_output(f, x):
    return f(x)[0]


def swapped(f, y, x):
    return f(x, y)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtype(dtype):
    x = np.array([0.5, 0.25, 0.75], dtype)
    for name in EVERYWHERE + INSIDE_ONE + ["log", "sqrt", "modf", "frexp", "reciprocal"]:
        f = getattr(anp, name)
        first = partial(first_output, f) if name in ("modf", "frexp") else f
        for each in (x, x[0], x[:0], x[:1].reshape(())):
            value, gradient = value_and_grad(first)(each)
            assert gradient.dtype == dtype and gradient.shape == each.shape, name
            t = jvp(first, (each,), (each,))[1]
            assert t.dtype == value.dtype and t.shape == value.shape, name
    for name in BINARY:
        f = getattr(anp, name)
        for other in (2.0, 2, np.float64(2.5), np.ones(3, np.float32), np.arange(1, 4), [1.0, 2.0, 3.0]):
            for left in (True, False):
                g = partial(f, other) if left else partial(swapped, f, other)
                gradient = grad(g)(x)
                value, t = jvp(g, (x,), (x,))
                assert (value.dtype, value.shape) == (g(x).dtype, g(x).shape), name
                assert (gradient.dtype, gradient.shape) == (x.dtype, x.shape), name
                assert (t.dtype, t.shape) == (value.dtype, value.shape), name


def test_precision_of_longdouble():
    x = np.array([0.5, 0.25], np.longdouble)
    rtol = 4 * np.finfo(np.longdouble).eps
    np.testing.assert_allclose(grad(anp.exp2)(x), np.exp2(x) * np.log(np.longdouble(2)), rtol=rtol)
    np.testing.assert_allclose(grad(anp.log10)(x), 1 / (x * np.log(np.longdouble(10))), rtol=rtol)


def test_float16_does_not_overflow():
    x = np.float16(300)
    np.testing.assert_allclose(grad(anp.arctan)(x), 1 / 90001, rtol=1e-2)
    np.testing.assert_allclose(grad(anp.arcsinh)(x), 1 / 300, rtol=1e-2)
    many = np.full(70000, 4, np.float16)
    np.testing.assert_array_equal(grad(anp.sqrt)(many), np.float16(0.25))


def test_lists():
    assert grad(lambda x: anp.sin([x, 0.0])[0])(0.0) == 1
    assert grad(lambda x: anp.power([x, 2.0], [3, 1])[0])(2.0) == 12
    np.testing.assert_array_equal(grad(lambda x: anp.multiply(x, [1.0, 2.0]))(np.ones(2)), [1, 2])
    np.testing.assert_array_equal(grad(lambda x: x ** [1, 2])(np.full(2, 3.0)), [1, 6])


def test_slope_overflows():
    """A slope too large for its dtype is infinite, and only the value may warn."""
    assert grad(anp.log)(1e-310) == np.inf
    assert grad(anp.reciprocal)(1e-200) == -np.inf
    np.testing.assert_array_equal(grad(anp.log)(np.full(2, 1e-310)), [np.inf, np.inf])


def test_nan_to_num_in_place():
    def f(x):
        y = x * 1
        assert anp.nan_to_num(y, copy=False) is y
        return y

    x = np.array([np.nan, 1.0])
    np.testing.assert_array_equal(grad(f)(x), [0, 1])
    assert np.isnan(x[0])


def test_clip_refuses_two_kinds_of_bounds():
    with pytest.raises(ValueError, match="either a_min and a_max, or min and max"):
        grad(lambda x: anp.clip(x, 0, 1, min=2))(1.0)


def test_large_and_strided():
    """The sum of squares overflows, the product does not; columns of an array in Fortran order."""
    x = np.asfortranarray(np.linspace(1, 2, 12).reshape(3, 4))
    check_grads(lambda x: anp.sqrt(x.T[::2]), x)
    _, t = jvp(anp.sqrt, (np.ones(3),), (np.full(3, 1e200),))
    np.testing.assert_array_equal(t, np.full(3, 5e199))
