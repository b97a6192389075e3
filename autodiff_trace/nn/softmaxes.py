"""Softmax, its logarithm and the logarithm of the sum of powers, of which it is the slope."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..core.tracebacks import border
from ..core.traits import ANSWER, ARGUMENTS
from ..core.unary import unary
from ..core.unknown_names import unknown_keyword
from ..numpy.along_axes import reduction, runs_along
from ..numpy.canonical import as_array, axes_of
from ..numpy.definers import defrules
from ..numpy.rules.reductions import sum_over

__all__ = [
    "below_top", "in_precision_of", "log_softmax", "log_softmax_along", "log_sum_exp", "logsumexp", "logsumexp_over",
    "shares", "softmax", "softmax_along",
]


# All that has to do with softmax starts from the largest number, which takes off what the numbers have in common: the
# differences keep their digits where a logarithm of 1e16 + log 3 has lost those of log 3.


def below_top(x, axes):
    """``x - top``, a new array, and the largest number ``top``, 0 where that is infinite; the axes are kept.

    Half precision is computed in single precision: a sum of many powers is beyond its largest number.
    """
    x = np.asarray(x)
    if x.dtype.kind not in "fc" or x.dtype == np.float16:
        x = x.astype(np.float32 if x.dtype == np.float16 else np.float64)
    top = np.max(x, axis=axes, keepdims=True) if x.size else np.add.reduce(x, axis=axes, keepdims=True)
    if not np.isfinite(top).all():
        top = np.where(np.isfinite(top), top, 0)
    return np.asarray(x - top), top


def log_sum_exp(below, axes, out=None):
    """``log(sum(exp(below)))``, the axes kept; -inf, without a warning, of nothing but -inf."""
    with np.errstate(divide="ignore"):
        return np.log(np.add.reduce(np.exp(below, out), axis=axes, keepdims=True))


def in_precision_of(ans, x):
    """``ans`` in half precision if ``x`` is, with a NumPy scalar for an array without axes."""
    return (ans.astype(np.float16) if getattr(x, "dtype", None) == np.float16 else ans)[()]


@border
def logsumexp(
    x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False, **unknown: NoReturn,
) -> Any:
    """``log(sum(exp(x)))`` along ``axis``, right where ``exp`` overflows or underflows.

    Arguments:
        x: an array of any shape.
        axis: the axes to sum over; None is all.
        keepdims: keep them, with size 1.

    >>> import numpy as np
    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    if unknown:
        raise unknown_keyword("logsumexp", unknown)
    x = as_array(x)
    return logsumexp_over(x, axes_of(x, axis), bool(keepdims))


@border
def log_softmax(x: Any, axis: int | tuple[int, ...] | None = -1, **unknown: NoReturn) -> Any:
    """``log(softmax(x))`` along ``axis``, of the shape of ``x``, without rounding small probabilities to zero.

    >>> import numpy as np
    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    if unknown:
        raise unknown_keyword("log_softmax", unknown)
    x = as_array(x)
    return log_softmax_along(x, axes_of(x, axis))


@border
def softmax(x: Any, axis: int | tuple[int, ...] | None = -1, **unknown: NoReturn) -> Any:
    """``exp(x) / sum(exp(x))`` along ``axis``, of the shape of ``x``.

    >>> import numpy as np
    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    if unknown:
        raise unknown_keyword("softmax", unknown)
    x = as_array(x)
    return softmax_along(x, axes_of(x, axis))


@unary
def logsumexp_over(x, axes, keepdims):
    below, top = below_top(x, axes)
    ans = log_sum_exp(below, axes, below) + top
    return in_precision_of(ans if keepdims else np.squeeze(ans, axis=axes), x)


@unary
def log_softmax_along(x, axes):
    below, _ = below_top(x, axes)
    return in_precision_of(np.subtract(below, log_sum_exp(below, axes), below), x)


@unary
def softmax_along(x, axes):
    powers, _ = below_top(x, axes)
    total = np.add.reduce(np.exp(powers, powers), axis=axes, keepdims=True)
    return in_precision_of(np.divide(powers, total, powers), x)


@unary
def shares(x, axes):
    """The slope of logsumexp: softmax, but 0 where all of ``x`` is -inf, so that nothing flows there."""
    powers, _ = below_top(x, axes)
    total = np.add.reduce(np.exp(powers, powers), axis=axes, keepdims=True)
    return in_precision_of(np.divide(powers, total + np.equal(total, 0), powers), x)


# d logsumexp(x) = Σ s dx, d log s = dx − Σ s dx, ds = s (dx − Σ s dx), with s = softmax(x)

reduction(logsumexp_over, slope=lambda ans, x, axes: shares(x, axes), reads=ARGUMENTS)
defrules(
    log_softmax_along, lambda g, ans, x, axes: g - shares(x, axes) * sum_over(g, axes, True),
    lambda t, ans, x, axes: t - sum_over(t * shares(x, axes), axes, True), reads=ARGUMENTS,
)


def change_of_shares(change, ans, x, axes):
    return ans * (change - sum_over(change * ans, axes, True))


for prim in (softmax_along, shares):
    defrules(prim, change_of_shares, change_of_shares, reads=ANSWER)
for prim in (log_softmax_along, shares, softmax_along):
    runs_along(prim)
