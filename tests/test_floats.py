"""The passes that trust that all is finite: results, warnings and errors where it is not are those of a plain call."""

import math
import warnings

import numpy as np
import pytest
from pass_checks import assert_replays, source

from autodiff_trace import grad, jit, vjp
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import PASSES

V = np.array([1.0, 2.0, -3.0])

# Products without masks

def test_masks_are_left_out_on_trust():
    def function(x):
        return grad(lambda x: anp.sum(anp.where(x > 1.5, anp.sqrt(anp.sqrt(anp.sqrt(x))), 0.0)))(x)

    trusting = source(function, V**2)
    assert "fail()" in trusting and "set_errors" in trusting and "restrict" not in trusting
    assert "fail()" not in source(function, V**2, passes=tuple(each for each in PASSES if each != "finite"))


def root(x):
    """Its cotangents are selected, so that masks go with them."""
    return anp.where(x > -4.0, anp.sqrt(anp.sqrt(anp.sqrt(x))), 0.0)


def slopes_at(x, g):
    return vjp(root, x)[1](g)


@pytest.mark.parametrize("x", [[1.0, 0.0, 4.0], [np.inf, 1.0, 2.0], [np.nan, 1.0, 0.0], [-1.0, 2.0, 3.0]])
@pytest.mark.parametrize("g", [[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [np.inf, 0.0, 1.0], [np.nan, 1.0, 0.0]])
def test_where_something_is_not_finite_masks_are_used(x, g):
    assert_replays(slopes_at, (V**2, V), (np.array(x), np.array(g)), (V**2 + 1, V))


def test_a_branch_that_is_not_taken_sends_nothing_back():
    def function(x):
        return grad(lambda x: anp.sum(anp.where(x > 0, anp.sqrt(x) * anp.log(anp.sqrt(x)), 0.0)))(x)

    assert_replays(function, (V**2,), (np.array([0.0, 1.0, -2.0]),), (V**2,))


def test_nan_among_the_constants():
    def function(x, y):
        return vjp(lambda y: anp.sqrt(anp.sqrt(anp.sqrt(y + anp.where(x > 1, 1.0, np.nan)))), y)[1](x * 0)

    assert_replays(function, (V**2, np.ones(3)), (np.array([3.0, -4.0, 2.0]), np.ones(3)))


def test_nan_in_an_array_outside():
    outside = np.ones(3)
    compiled = jit(lambda y: vjp(lambda y: anp.sqrt(anp.sqrt(anp.sqrt(y * outside))), y)[1](y * 0)[0])
    for _ in range(2):
        np.testing.assert_array_equal(compiled(V**2), np.zeros(3))
    outside[1] = np.nan
    np.testing.assert_array_equal(compiled(V**2), [0.0, np.nan, 0.0])


def compares_what_comes_back(x, g):
    back, = vjp(root, x)[1](g)
    return anp.where(back < 1.0, 1.0, 2.0)


def averages_what_comes_back(x, g):
    back, = vjp(root, x)[1](g)
    return anp.sum(back * 2.0) - back[1], anp.stack([back, -back]).T


@pytest.mark.parametrize("function", [compares_what_comes_back, averages_what_comes_back])
def test_nan_that_outputs_hide_and_that_they_show(function):
    nans = np.array([np.nan, 2.0, np.nan])
    assert_replays(function, (V**2, V), (nans, np.array([0.0, 1.0, 2.0])), (nans, 0 * V), (V**2, V + 1))


def test_what_is_checked_are_outputs_if_they_show_nan_and_inputs_otherwise():
    def checked_first(function):
        lines = source(function, V**2, V).split("try:\n")[1].splitlines()
        return "isfinite" in lines[1]  # the first sets how errors are handled

    assert checked_first(compares_what_comes_back)
    assert not checked_first(averages_what_comes_back)


def test_masks_of_single_numbers():
    def function(x, y):
        chosen = anp.where(anp.isfinite(x), x, 0)
        return chosen, grad(lambda y: anp.sum(anp.where(anp.isfinite(x), y * x, 0) + chosen * anp.sqrt(y)))(y)

    assert_replays(function, (2.0, 3.0), (-1.0, 0.5), (np.inf, 1.0), (1.0, np.nan), (1.0, 0.0))
    assert_replays(function, (np.float64(2.0), np.ones(3)), (np.float64(np.inf), np.ones(3)))


# Python's floats

FUNCTIONS = [
    lambda x, y: anp.exp(x) * y + anp.sin(x) / (1 + y * y) - 2 * y,
    lambda x, y: anp.log(x) * anp.sqrt(y) + x / y - anp.log1p(y),
    lambda x, y: (x * y - 1) ** 3 + x**2 - y**-1 + abs(y) ** x,
    lambda x, y: anp.arctan(x / y) + anp.arctan2(y, x) + anp.tanh(x * 1e300) * anp.exp(-y * 1e300),
    lambda x, y: anp.where(x > y, x * y + 1, x - y * 3) * anp.abs(x) - anp.sqrt(y * y),
    lambda x, y: ((x > 0) + (y > 0)) * x * y * 2.0 + anp.sin(x),
    lambda x, y: anp.hypot(x, y) + anp.sinh(x) * anp.cosh(y) - anp.expm1(x) * anp.log2(y * y),
    lambda x, y: anp.array([x * y + 1, anp.sin(x) * 2, y]) * 2 + anp.exp(x),
    lambda x, y: (x + 1, x * y, x > y, -y, anp.exp(x) - 1),
    lambda x, y: x * 3 + 4 / y if x * y - 1 > 0 else anp.exp(x) * 2 - y / 3 + 1,
]
POINTS = [0.0, -0.0, 1.5, -2.0, 1e200, 800.0, 1e-320, math.inf, -math.inf, math.nan]


def outcome(function, *args):
    """The result, or the type of the error; and the texts of warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args)
        except (ArithmeticError, ValueError) as error:
            result = type(error)
    # An operator's warning speaks of a "scalar add", that of a ufunc of "add".
    return result, sorted({str(each.message).replace("scalar ", "") for each in caught})


def same(found, expected):
    if isinstance(expected, tuple):
        return isinstance(found, tuple) and all(map(same, found, expected))
    if isinstance(expected, type):
        return found is expected
    return type(found) is type(expected) and np.allclose(found, expected, rtol=1e-14, atol=0, equal_nan=True)


@pytest.mark.parametrize("kind", [float, np.float64])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_values_warnings_and_errors(function, kind):
    compiled = jit(function)
    outcome(compiled, kind(0.5), kind(0.75))
    for x in POINTS:
        for y in POINTS:
            found, expected = outcome(compiled, kind(x), kind(y)), outcome(function, kind(x), kind(y))
            assert same(found[0], expected[0]) and found[1] == expected[1], (x, y, found, expected)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_derivatives(function):
    def total(x, y):
        result = function(x, y)
        return anp.sum(result) if not isinstance(result, tuple) else result[1]

    slope = grad(total, argnums=(0, 1))
    compiled = jit(slope)
    outcome(compiled, 0.5, 0.75)
    for x, y in [(0.5, 0.75), (0.0, 1.5), (1.5, 0.0), (math.inf, 1.0), (1.0, math.nan), (-2.0, 800.0)]:
        # Values that the derivative does not need are not computed, and not warned of.
        found, expected = outcome(compiled, x, y), outcome(slope, x, y)
        assert same(found[0], expected[0]) and set(found[1]) <= set(expected[1]), (x, y, found, expected)


def test_the_program_computes_with_floats():
    text = source(FUNCTIONS[0], np.float64(1.0), np.float64(2.0))
    assert "item()" in text and "isfinite" in text
    text = source(FUNCTIONS[0], np.float64(1.0), np.float64(2.0), passes=())
    assert "item()" not in text and "isfinite" not in text


def test_error_handling_that_raises():
    def function(x):
        with np.errstate(all="raise"):
            return anp.exp(x) * 2 + anp.log(x) - x / 3

    compiled = jit(function)
    for x in [1.0, 2.0, 0.0, 1e4, 2.0, 0.0, 0.0, 0.0, 3.0]:
        assert same(outcome(compiled, np.float64(x))[0], outcome(function, np.float64(x))[0])
    for x in [1.0, 0.0, 1e4, 2.0]:
        with np.errstate(all="raise"):
            assert same(outcome(compiled, np.float64(x))[0], outcome(function, np.float64(x))[0])


def test_underflow_is_seen():
    def function(x):
        with np.errstate(under="raise"):
            return anp.exp(x) * 2 + anp.sin(x) / 3 + 1

    compiled = jit(function)
    for x in [1.0, -745.0, 2.0]:
        assert same(outcome(compiled, np.float64(x))[0], outcome(function, np.float64(x))[0])


def test_guards_on_floats():
    def newton(a):
        x = a
        while abs(x * x - a) > 1e-9:
            x = (x + a / x) / 2
        return x

    compiled = jit(newton)
    for a in [4.0, 9.0, 4.0, 2.0, 1e-3, 9.0, 4.0]:
        assert compiled(a) == newton(a)
    for a in [math.nan, math.inf]:
        assert same(outcome(compiled, a), outcome(newton, a))


def test_items_of_an_array():
    def function(x):
        total = x[0] * 2
        for i in range(1, len(x)):
            total = total + (x[i] - x[i - 1] ** 2) ** 2 * x[i]
        return total

    assert "tolist()" in source(function, V)
    assert_replays(function, (V,), (V * 2,), (np.array([1.0, np.nan, 2.0]),), (np.array([np.inf, 1.0, 2.0]),))
    assert_replays(grad(function), (V,), (V * 2,), (np.array([1.0, np.nan, 2.0]),), (np.array([1e200, 1.0, 2.0]),))


def test_items_that_are_written():
    def function(x):
        y = x * 2
        for i in range(1, 3):
            y[i] = y[i - 1] * 2 + x[i] / 3 - anp.sin(y[i])
        return y, y[1] + y[2]

    assert_replays(function, (V,), (V * 2,))


def test_failures_are_not_tried_for_ever():
    compiled = jit(lambda x: anp.exp(x) * anp.exp(-x) + anp.sin(x) + anp.cos(x) * 2)
    with np.errstate(all="ignore"):
        compiled(1.0)
        for _ in range(6):
            assert math.isnan(compiled(math.nan))
    assert compiled(1.0) == 1 + math.sin(1.0) + math.cos(1.0) * 2 and compiled.cache_info().traces <= 2


def test_draws_are_not_repeated():
    def function(x):
        return x * 2 + anp.random.normal() * 3 - anp.exp(x) / 2 + 1

    compiled = jit(function)
    with np.errstate(all="ignore"):
        for x in [1.0, 2.0, math.inf, 1.0]:
            np.random.seed(0)
            found = [compiled(np.float64(x)) for _ in range(2)]
            np.random.seed(0)
            np.testing.assert_array_equal(found, [function(np.float64(x)) for _ in range(2)])
