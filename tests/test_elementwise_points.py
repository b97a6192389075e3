"""Elementwise functions at the points where a formula divides by zero, overflows, ties or steps."""

import numpy as np
import pytest

from autodiff_trace import grad, jvp
from autodiff_trace import numpy as anp


def derivative(f, order, x):
    """The derivative of ``f`` of the given order at ``x``, in reverse mode alone and in forward mode outside."""
    for _ in range(order - 1):
        f = grad(f)
    reverse = grad(f)(x)
    np.testing.assert_allclose(jvp(f, (x,), (1.0,))[1], reverse, rtol=1e-12)
    return reverse


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
    (lambda x: round(x, 1) * x, 1, 1.26, 1.3),
    (lambda x: round(x) * x, 1, 1.76, 2),
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


def test_slope_overflows():
    """A slope too large for its dtype is infinite, and only the value may warn."""
    assert grad(anp.log)(1e-310) == np.inf
    assert grad(anp.reciprocal)(1e-200) == -np.inf
    np.testing.assert_array_equal(grad(anp.log)(np.full(2, 1e-310)), [np.inf, np.inf])


@pytest.mark.parametrize("f, expected", [(lambda z, x: z * anp.log(x), -1 / 4), (lambda z, x: z / x, 2 / 8)])
def test_a_factor_that_happens_to_be_zero_still_counts(f, expected):
    """A zero cotangent stays zero only against what is infinite: the mixed third derivative at z = 0 is no zero."""
    assert grad(grad(grad(f, 1), 1), 0)(0.0, 2.0) == expected
    assert jvp(lambda z: grad(grad(f, 1), 1)(z, 2.0), (0.0,), (1.0,))[1] == expected
