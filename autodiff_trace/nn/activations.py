"""Activations that work element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import caller_line
from ..core.primitives import primitive
from ..core.tracebacks import border
from ..core.traits import ANSWER, ARGUMENTS
from ..numpy import wrapped as anp
from ..numpy.definers import elementwise
from ..numpy.selections import selects

__all__ = [
    "elu", "hard_tanh", "leaky_relu", "log_sigmoid", "relu", "relu6", "selu", "sigmoid", "silu", "softplus", "swish",
]


def check_real(x: Any, name: str) -> None:
    """Raise TypeError for complex numbers, of which maxima and signs would give some number."""
    if type(x) is complex or getattr(getattr(x, "dtype", None), "kind", None) == "c":
        raise TypeError(f"{name}: x is complex ({caller_line()}). Write {name}(x.real), or another function of it")


def floating(x: Any, name: str) -> Any:
    """``x``, integers and truth values in double precision: small ones wrap around, or are computed in half precision.
    Raises TypeError for complex numbers."""
    kind = getattr(getattr(x, "dtype", None), "kind", None)
    if kind == "f":
        return x
    check_real(x, name)
    return x.astype(np.float64) if kind is not None and kind in "biu" else float(x) if type(x) is bool else x


@primitive
def relu(x: Any) -> Any:
    """``max(x, 0)`` element by element, with derivative 0 at 0.

    >>> import numpy as np
    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    check_real(x, "relu")
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
    x = floating(x, "sigmoid")
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


# 1 − ans would lose its digits where ans is close to 1
elementwise(sigmoid, lambda ans, x: ans * sigmoid(-x), shows_nan=True)


@primitive
def softplus(x: Any) -> Any:
    """``log(1 + exp(x))`` element by element, without overflow.

    >>> float(softplus(0.0)), float(softplus(1000.0))
    (0.6931471805599453, 1000.0)
    """
    x = floating(x, "softplus")
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


elementwise(softplus, lambda ans, x: sigmoid(x), reads=ARGUMENTS, shows_nan=True)


@primitive
def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))`` element by element, also where the sigmoid is rounded to 0 or 1.

    >>> float(log_sigmoid(-1000.0))
    -1000.0
    """
    x = floating(x, "log_sigmoid")
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


elementwise(log_sigmoid, lambda ans, x: sigmoid(-x), reads=ARGUMENTS, shows_nan=True)

FAR = 1e4
"""Where the exponential of ``-x`` is zero in every precision, while half precision still has the number."""


@primitive
def silu(x: Any) -> Any:
    """``x * sigmoid(x)`` element by element (also known as swish), with the limit 0 at -inf.

    >>> float(silu(1.0)), float(silu(-1000.0))
    (0.7310585786300049, -0.0)
    """
    x = floating(x, "silu")
    return np.multiply(np.maximum(x, -FAR), sigmoid.fun(x))  # (of matrices * is another product)


def silu_slope(ans, x):
    # s + x s (1 - s), where far out x is a finite number of which the product with 0 is 0
    share = sigmoid(x)
    return share + anp.clip(x, -FAR, FAR) * share * sigmoid(-x)


elementwise(silu, silu_slope, reads=ARGUMENTS, shows_nan=True)
swish = silu


@primitive
def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)`` element by element, with derivative 0 at both ends.

    >>> import numpy as np
    >>> relu6(np.array([-1.0, 2.0, 8.0]))
    array([0., 2., 6.])
    """
    check_real(x, "relu6")
    return np.minimum(np.maximum(x, 0), 6)


selects(relu6, lambda ans, x: anp.logical_and(anp.greater(x, 0), anp.less(x, 6)))


@primitive
def hard_tanh(x: Any) -> Any:
    """``min(max(x, -1), 1)`` element by element, with derivative 0 at both ends.

    >>> import numpy as np
    >>> hard_tanh(np.array([-3.0, 0.5, 8.0]))
    array([-1. ,  0.5,  1. ])
    """
    x = floating(x, "hard_tanh")
    return np.minimum(np.maximum(x, -1), 1)


selects(hard_tanh, lambda ans, x: anp.less(anp.absolute(x), 1))


@primitive
def rectify(x, slope):
    check_real(x, "leaky_relu")
    return np.maximum(x, 0) + np.multiply(slope, np.minimum(x, 0))


elementwise(
    rectify, lambda ans, x, slope: anp.where(anp.greater(x, 0), ans.dtype.type(1), slope),
    lambda ans, x, slope: anp.minimum(x, 0),
    shows_nan=True,
)


@border
def leaky_relu(x: Any, negative_slope: Any = 0.01) -> Any:
    """``x`` where it is positive, else ``negative_slope * x``; the slope may be learnt, and broadcasts (PReLU).

    >>> import numpy as np
    >>> leaky_relu(np.array([-2.0, 3.0]), 0.25)
    array([-0.5,  3. ])
    """
    return rectify(x, negative_slope)


@primitive
def exponential_unit(x, alpha, scale):
    x = floating(x, "elu")
    return scale * (np.maximum(x, 0) + np.multiply(alpha, np.expm1(np.minimum(x, 0))))


def exponential_slope(ans, x, alpha, scale):
    is_above = anp.greater(x, 0)
    # (Of minimum(x, 0) the slope at 0 would be one half.)
    return scale * anp.where(is_above, 1, alpha * anp.exp(anp.where(is_above, 0, x)))


elementwise(
    exponential_unit, exponential_slope,
    lambda ans, x, alpha, scale: scale * anp.expm1(anp.where(anp.greater(x, 0), 0, x)), None, shows_nan=True,
)


@border
def elu(x: Any, alpha: Any = 1.0) -> Any:
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)`` (Clevert and others, 2016).

    >>> import numpy as np
    >>> elu(np.array([-1000.0, 0.0, 3.0]), 0.5)
    array([-0.5,  0. ,  3. ])
    """
    return exponential_unit(x, alpha, 1.0)


@border
def selu(x: Any) -> Any:
    """``elu`` with the two constants that keep mean 0 and variance 1 from layer to layer (Klambauer and others, 2017).

    >>> round(float(selu(1.0)), 6), round(float(selu(-1000.0)), 6)
    (1.050701, -1.758099)
    """
    return exponential_unit(x, SELU_ALPHA, SELU_SCALE)


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
