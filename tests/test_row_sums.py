"""Sums over many rows keep their digits, in un-broadcasting and compiled."""

import numpy as np
import pytest
from pass_checks import source

from autodiff_trace import grad, jit, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.numpy.broadcasting import sum_to

rng = np.random.default_rng(0)

# The shape of the cotangent, and of what was broadcast
SHAPES = [((200_000, 3), (3,)), ((257, 5), (1, 5)), ((100_000, 2), (2,)), ((30, 3000, 4), (4,)),
          ((3, 30_000, 4), (3, 1, 4)), ((3, 30_000, 4), (1, 4)), ((40, 5, 700), (5, 1)), ((300_000, 1), (1,)),
          ((50_000, 3), (50_000, 1)), ((50_000, 3), ()), ((3, 2000, 7), (3, 1, 1)), ((0, 3), (3,)), ((300, 0), (0,))]


def relative_error(actual, x, axes):
    exact = np.sum(x.astype(np.longdouble), axis=axes).reshape(actual.shape)
    return np.max(np.abs(actual - exact) / np.maximum(np.abs(exact), 1), initial=0)


@pytest.mark.parametrize("old, new", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_digits_of_sums(old, new, dtype):
    x = np.abs(rng.normal(size=old)).astype(dtype) / (64 if dtype == np.float16 else 1)
    lead = len(old) - len(new)
    axes = tuple(i for i in range(len(old)) if i < lead or new[i - lead] == 1 != old[i])
    for layout in (x, np.asfortranarray(x)) if dtype == np.float16 else (x,):
        ans = sum_to(layout, new)
        assert ans.dtype == dtype and ans.shape == new
        if np.isfinite(ans).all():  # not where the sum is beyond the largest number of float16
            assert relative_error(ans, x, axes) < 4 * np.finfo(dtype).eps


@pytest.mark.parametrize("mode", [grad, lambda f: jit(grad(f)), lambda f: lambda b: vmap(grad(f))(b[None])[0]],
                         ids=["eager", "jit", "vmap"])
@pytest.mark.parametrize("function", [lambda b, w: anp.sum((w + b) * w), lambda b, w: anp.sum(anp.sin(b + 0 * w) * w),
                                      lambda b, w: anp.sum(w * b)])
def test_gradients_of_what_is_added_to_many_rows(mode, function):
    w = np.abs(rng.normal(size=(10**5, 10))).astype(np.float32)
    gradient = mode(lambda b: function(b, w))
    for _ in range(3):
        ans = gradient(np.zeros(10, np.float32))
        assert ans.dtype == np.float32 and relative_error(ans, w, 0) < (1e-6 if mode.__name__ != "grad" else 1e-7)


def test_jit_sums_many_rows_in_parts():
    x = np.abs(rng.normal(size=(4, 5000, 3))).astype(np.float32)
    for axis in (1, -2, (0, 1), (-2, -3)):
        assert "sum_rows(" in source(lambda x: anp.sum(x, axis=axis), x)  # noqa: B023 (called in this turn)
        for keepdims in (False, True):
            compiled = jit(lambda x: anp.sum(x, axis=axis, keepdims=keepdims))  # noqa: B023
            compiled(x)
            for _ in range(2):
                ans = compiled(x)
                assert ans.shape == np.sum(x, axis=axis, keepdims=keepdims).shape
                assert relative_error(ans, x, axis) < 2e-7
