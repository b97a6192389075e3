"""``isotonic_regression``: within each of its blocks the mean, the blocks being piecewise constant."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize

from ...core.primitives import nondifferentiable
from ...core.tracebacks import border
from ...core.tracer import is_box
from ...numpy import wrapped as anp

__all__ = ["isotonic_regression"] if hasattr(scipy.optimize, "isotonic_regression") else []


@nondifferentiable
def block_starts(y, weights, increasing):
    """For each element where its block begins."""
    blocks = scipy.optimize.isotonic_regression(y, weights=weights, increasing=increasing).blocks
    return np.repeat(blocks[:-1], np.diff(blocks))


@border
def isotonic_regression(y: Any, *, weights: Any = None, increasing: bool = True) -> scipy.optimize.OptimizeResult:
    """``scipy.optimize.isotonic_regression``, whose ``x`` can be differentiated in ``y`` and in ``weights``.

    Traced, the result has ``x`` alone. Where two blocks are about to merge the derivative is that of one side.

    >>> import numpy as np
    >>> from autodiff_trace import jacobian
    >>> jacobian(lambda y: isotonic_regression(y).x)(np.array([2.0, 1.0, 3.0]))
    array([[0.5, 0.5, 0. ],
           [0.5, 0.5, 0. ],
           [0. , 0. , 1. ]])
    """
    if not is_box(y) and not is_box(weights):
        return scipy.optimize.isotonic_regression(y, weights=weights, increasing=increasing)
    starts = block_starts(y, weights, increasing)
    together = anp.astype(starts[:, None] == starts, np.float64)
    if weights is None:
        x = (together @ y) / anp.sum(together, axis=1)
    else:
        x = (together @ (weights * y)) / (together @ weights)
    return scipy.optimize.OptimizeResult(x=x)
