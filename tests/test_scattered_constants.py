"""Compiled gradients of items that are read several times, where what comes back to some of them is constant."""

import numpy as np
import pytest

from autodiff_trace import grad, jit
from autodiff_trace import numpy as anp

X = np.arange(1.0, 7.0)

FUNCTIONS = (
    lambda x: anp.sum(anp.pad(x, (2, 1), "mean")) + anp.sum(x[:1] * x[:1]),
    lambda x: 2.0 * anp.sum(x[1:]) + 3.0 * anp.sum(x[1:]) + anp.sum(x[:2] ** 2),
    lambda x: anp.sum(x[:, None][1:3]) + anp.sum(x[1:3]) + anp.mean(x[1:3]) + anp.prod(x[2:]),
    lambda x: anp.sum(anp.pad(x.reshape(2, 3), ((1, 0), (2, 1)), "mean")) + anp.sum(x[0] * x[:3]),
    lambda x: x[np.int8(1)] * anp.sum(x) + x[np.uint8(2) :][0] + x[np.int64(1)] * 3.0,
)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_replays_agree_with_eager_mode(f):
    np.full(6, np.nan)  # what is let go is the next memory that is handed out
    compiled = jit(grad(f))
    for x in (X, 2.0 * X, X, -X):
        np.testing.assert_allclose(compiled(x), grad(f)(x))
