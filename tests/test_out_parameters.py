"""Primitives of the user's own with a parameter ``out``: one like others, or the array that they write into."""

import warnings

import numpy as np
import pytest

from autodiff_trace import extend, grad, jit
from autodiff_trace import numpy as anp

X = np.array([1.0, 2.0])


@extend.primitive
def scaled(x, out=2.0):
    return x * out


@extend.primitive
def scaled_by_name(x, *, out):
    return x * out


@extend.primitive
def scaled_by_any(x, **factors):
    return x * factors["out"]


@extend.primitive
def into(x, out=None):
    return np.multiply(x, 3.0, out=out)


for each in (scaled, scaled_by_name, scaled_by_any):
    extend.defvjp(each, lambda g, ans, x, *args, **kwargs: g * (args[0] if args else kwargs["out"]))
extend.defvjp(into, lambda g, ans, x, out=None: 3.0 * g)


@pytest.mark.parametrize("function", [scaled, scaled_by_name, scaled_by_any])
def test_number(function):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(grad(lambda x: anp.sum(function(x, out=4.0)))(X), [4.0, 4.0])
        compiled = jit(lambda x: function(x, out=4.0))
        for _ in range(2):
            np.testing.assert_array_equal(compiled(X), 4 * X)
    assert compiled.cache_info().hits == 1


@pytest.mark.parametrize("function", [scaled, scaled_by_name])
def test_traced_value(function):
    compiled = jit(lambda x: function(x, out=x + 1))
    for x in (X, X + 1):
        np.testing.assert_array_equal(compiled(x), x * (x + 1))


@pytest.mark.parametrize("transform", [lambda f: f, jit])
def test_array_that_is_written(transform):
    def loss(x):
        y = anp.zeros(2)
        into(x, out=y)
        return anp.sum(y * y)

    np.testing.assert_array_equal(transform(grad(loss))(X), 18 * X)
