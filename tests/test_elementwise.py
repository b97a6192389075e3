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
STEPS = "around ceil floor rint round sign spacing trunc".split()
if np.lib.NumpyVersion(np.__version__) < "2.5.0":  # deprecated since
    STEPS.append("fix")
BINARY = """
    add arctan2 copysign divide float_power fmax fmin fmod heaviside hypot logaddexp logaddexp2 maximum minimum multiply
    power remainder subtract
""".split()

NO_DIFFERENCES = ("derivatives", "float32")  # of no elements; the other modes compare shapes and dtypes

ROWS = [
    *(row(name, X) for name in EVERYWHERE + INSIDE_ONE),
    *(row(name, UPPER) for name in POSITIVE),
    *(row(name, UPPER[1], order=1) for name in EVERYWHERE + POSITIVE + ["modf", "frexp"]),
    *(row(name, EMPTY, skip=NO_DIFFERENCES) for name in EVERYWHERE + INSIDE_ONE + POSITIVE),
    *(row(name, X) for name in STEPS),
    *(row(name, UPPER, ROW + 3) for name in BINARY),
    *(row(name, COLUMN, np.abs(ROW)) for name in BINARY),
    *(row(name, np.abs(ROW), COLUMN) for name in BINARY),
    *(row(name, 1.7, np.abs(ROW), order=1) for name in BINARY),
    *(row(name, UPPER, 3) for name in BINARY),
    *(row(name, UPPER[1], ROW[1], order=1) for name in BINARY),
    *(row(name, EMPTY, UPPER[:2], order=1) for name in BINARY),
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
