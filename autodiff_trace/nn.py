"""Functions for small neural networks: activations and losses, stable where the plain formula overflows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .core.primitives import primitive
from .core.tracer import is_box
from .core.traits import ANSWER, ARGUMENTS, declares
from .core.unary import unary
from .core.unknown_names import unknown_name
from .numpy import wrapped as anp
from .numpy.along_axes import reduction, runs_along
from .numpy.canonical import as_array, axes_of
from .numpy.definers import defrules, elementwise
from .numpy.batching import map_all
from .numpy.rules.reductions import sum_over
from .numpy.selections import selects

__all__ = ["log_softmax", "logsumexp", "mse", "relu", "sigmoid", "softmax", "softmax_cross_entropy"]


@primitive
def relu(x: Any) -> Any:
    """``max(x, 0)`` element by element, with derivative 0 at 0.

    >>> import numpy as np
    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


selects(relu, lambda ans, x: anp.greater(x, 0))


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


# All that has to do with softmax starts from the largest number, which takes off what the numbers have in common: the
# differences keep their digits where a logarithm of 1e16 + log 3 has lost those of log 3.


def below_top(x, axes):
    """``x - top``, a new array, and the largest number ``top``, 0 where that is infinite; the axes are kept.

    Half precision is computed in single precision: a sum of many powers is beyond its largest number.
    """
    x = np.asarray(x)
    if x.dtype.kind not in "fc" or x.dtype == np.float16:
        x = x.astype(np.float32 if x.dtype == np.float16 else np.float64)
    top = np.max(x, axis=axes, keepdims=True)
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


def logsumexp(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` along ``axis``, right where ``exp`` overflows or underflows.

    Arguments:
        x: an array of any shape.
        axis: the axes to sum over; None is all.
        keepdims: keep them, with size 1.

    >>> import numpy as np
    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    x = as_array(x)
    return logsumexp_over(x, axes_of(x, axis), bool(keepdims))


def log_softmax(x: Any, axis: int | tuple[int, ...] | None = -1) -> Any:
    """``log(softmax(x))`` along ``axis``, of the shape of ``x``, without rounding small probabilities to zero.

    >>> import numpy as np
    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    x = as_array(x)
    return log_softmax_along(x, axes_of(x, axis))


def softmax(x: Any, axis: int | tuple[int, ...] | None = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along ``axis``, of the shape of ``x``.

    >>> import numpy as np
    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
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


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean over examples of ``-log(softmax(logits))`` at the right class.

    Arguments:
        logits: an array of shape (..., classes).
        labels: integers of shape (...), or rows of probabilities (one-hot, say) of the shape of ``logits``.

    Returns a number, in nats an example. Raises ValueError if the labels do not fit.

    >>> import numpy as np
    >>> float(softmax_cross_entropy(np.zeros((2, 4)), np.array([0, 3])))
    1.3862943611198906
    """
    if not is_box(labels):
        labels = np.asarray(labels)
    if labels.dtype.kind in "iu":
        if labels.shape != logits.shape[:-1]:
            raise ValueError(
                f"softmax_cross_entropy: integer labels have shape {labels.shape}, but logits of shape {logits.shape} "
                f"want {logits.shape[:-1]}"
            )
        return anp.mean(label_losses(logits, labels))
    if labels.shape != logits.shape:
        raise ValueError(
            f"softmax_cross_entropy: labels of dtype {labels.dtype} are rows of probabilities and have the shape of "
            f"the logits, {logits.shape}, not {labels.shape}; class numbers are integers"
        )
    # A class that a logit of -inf rules out, with label 0, adds 0 and not 0 times infinity.
    ruled_out = anp.logical_and(anp.equal(logits, -np.inf), anp.equal(labels, 0))
    return anp.mean(-anp.sum(labels * anp.where(ruled_out, 0, log_softmax(logits)), axis=-1))


@primitive
def label_losses(logits, labels):
    """``-log_softmax(logits)[label]`` for each row: one primitive, because its gradient is so short."""
    check_labels(labels, logits.shape[-1])
    below, _ = below_top(logits, -1)
    picked = np.take_along_axis(below, labels[..., None], axis=-1)
    return in_precision_of((log_sum_exp(below, -1, below) - picked)[..., 0], logits)


@declares(makes_view=True)
def check_labels(labels, classes):
    """``labels``. Raises ValueError unless they are numbers of classes."""
    # As unsigned numbers negative ones are large: one reduction instead of two (1.5 µs).
    if labels.size and np.maximum.reduce(labels.view(labels.dtype.str.replace("i", "u")), axis=None) >= classes:
        raise ValueError(
            f"softmax_cross_entropy: labels from {labels.min()} to {labels.max()}, but there are {classes} classes, "
            f"0 to {classes - 1}"
        )
    return labels


# d loss = Σ (softmax(logits) − one_hot(label)) d logits. At the label p − 1 would lose the digits of a p close to 1: it
# is minus the sum of the others.


def label_losses_slope(logits, labels):
    is_label = anp.equal(labels[..., None], np.arange(logits.shape[-1]))
    others = anp.where(is_label, 0, softmax(logits))
    return anp.where(is_label, -anp.sum(others, axis=-1, keepdims=True), others)


defrules(
    label_losses, (lambda g, ans, logits, labels: g[..., None] * label_losses_slope(logits, labels), None),
    (lambda t, ans, logits, labels: anp.sum(t * label_losses_slope(logits, labels), axis=-1), None),
    batching=lambda batch, prim, args, kwargs: prim(*map_all(batch, args)),
)


def mse(predictions: Any, targets: Any) -> Any:
    """The mean of the squared differences.

    >>> import numpy as np
    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    return anp.mean(anp.square(predictions - targets))


def __getattr__(name):
    raise unknown_name(__name__, name)
