"""Activations that work element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitives import primitive
from ..core.traits import ANSWER
from ..numpy import wrapped as anp
from ..numpy.definers import elementwise
from ..numpy.selections import selects

__all__ = ["relu", "sigmoid"]


@primitive
def relu(x: Any) -> Any:
    """``max(x, 0)`` element by element, with derivative 0 at 0.

    >>> import numpy as np
    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


# The answer is kept by what comes next; the argument need not be.
selects(relu, lambda ans, x: anp.greater(ans, 0), reads=ANSWER)


@primitive
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))`` element by element, without overflow at either end.

    >>> float(sigmoid(0.0)), float(sigmoid(-1000.0)), float(sigmoid(1000.0))
    (0.5, 0.0, 1.0)
    """
    # No power overflows: 1/(1+e⁻ˣ) for x ≥ 0, and eˣ/(1+eˣ) for x < 0. (To choose with where takes 1 of 3 µs more.)
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


# 1 − ans would lose its digits where ans is close to 1
elementwise(sigmoid, lambda ans, x: ans * sigmoid(-x), shows_nan=True)
