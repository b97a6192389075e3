"""Functions for small neural networks: activations and losses, stable where the plain formula overflows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .core.batching import defbatch
from .core.forward import defjvp
from .core.primitives import primitive
from .core.reverse import defvjp
from .core.tracer import is_box
from .core.traits import declares
from .core.unread import reads_answer, reads_arguments
from .numpy import wrapped as anp
from .numpy.batching.axes import batch_axis
from .numpy.batching.elementwise import batch_elementwise
from .numpy.mapped import map_all
from .numpy.definers import elementwise
from .numpy.dependence.reducing import reduces, runs_along
from .numpy.rules.reductions import expand_reduced
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


def below_top(x, axis):
    """``x - top``, a new array, and the largest number ``top``, 0 where that is infinite; the axes are kept.

    Half precision is computed in single precision: a sum of many powers is beyond its largest number.
    """
    x = np.asarray(x)
    if x.dtype.kind not in "fc" or x.dtype == np.float16:
        x = x.astype(np.float32 if x.dtype == np.float16 else np.float64)
    top = np.max(x, axis=axis, keepdims=True)
    if not np.isfinite(top).all():
        top = np.where(np.isfinite(top), top, 0)
    return np.asarray(x - top), top


def log_sum_exp(below, axis, out=None):
    """``log(sum(exp(below)))``, the axes kept; -inf, without a warning, of nothing but -inf."""
    with np.errstate(divide="ignore"):
        return np.log(np.add.reduce(np.exp(below, out), axis=axis, keepdims=True))


def in_precision_of(ans, x):
    """``ans`` in half precision if ``x`` is, with a NumPy scalar for an array without axes."""
    return (ans.astype(np.float16) if getattr(x, "dtype", None) == np.float16 else ans)[()]


@primitive
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
    below, top = below_top(x, axis)
    ans = log_sum_exp(below, axis, below) + top
    return in_precision_of(ans if keepdims else np.squeeze(ans, axis=axis), x)


@primitive
def log_softmax(x: Any, axis: int | tuple[int, ...] | None = -1) -> Any:
    """``log(softmax(x))`` along ``axis``, of the shape of ``x``, without rounding small probabilities to zero.

    >>> import numpy as np
    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    below, _ = below_top(x, axis)
    return in_precision_of(np.subtract(below, log_sum_exp(below, axis), below), x)


@primitive
def softmax(x: Any, axis: int | tuple[int, ...] | None = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along ``axis``, of the shape of ``x``.

    >>> import numpy as np
    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    powers, _ = below_top(x, axis)
    total = np.add.reduce(np.exp(powers, powers), axis=axis, keepdims=True)
    return in_precision_of(np.divide(powers, total, powers), x)


@primitive
def shares(x, axis):
    """The slope of logsumexp: softmax, but 0 where all of ``x`` is -inf, so that nothing flows there."""
    powers, _ = below_top(x, axis)
    total = np.add.reduce(np.exp(powers, powers), axis=axis, keepdims=True)
    return in_precision_of(np.divide(powers, total + np.equal(total, 0), powers), x)


# d logsumexp(x) = Σ s dx, d log s = dx − Σ s dx, ds = s (dx − Σ s dx), with s = softmax(x)

defvjp(logsumexp, lambda g, ans, x, axis=None, keepdims=False: expand_reduced(g, x, axis) * shares(x, axis))
defjvp(
    logsumexp,
    lambda t, ans, x, axis=None, keepdims=False: anp.sum(t * shares(x, axis), axis=axis, keepdims=keepdims),
)
defvjp(
    log_softmax, lambda g, ans, x, axis=-1: g - shares(x, axis) * anp.sum(g, axis=axis, keepdims=True)
)
defjvp(
    log_softmax, lambda t, ans, x, axis=-1: t - anp.sum(t * shares(x, axis), axis=axis, keepdims=True)
)


def change_of_shares(change, ans, x, axis=-1):
    return ans * (change - anp.sum(change * ans, axis=axis, keepdims=True))


defvjp(softmax, change_of_shares)
defjvp(softmax, change_of_shares)
defvjp(shares, change_of_shares)
defjvp(shares, change_of_shares)
reads_answer(softmax, shares)
reads_arguments(logsumexp, log_softmax)


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


defvjp(label_losses, lambda g, ans, logits, labels: g[..., None] * label_losses_slope(logits, labels), None)
defjvp(label_losses, lambda t, ans, logits, labels: anp.sum(t * label_losses_slope(logits, labels), axis=-1), None)


def batch_label_losses(batch, prim, args, kwargs):
    return prim(*map_all(batch, args))


reduces(logsumexp)
runs_along(log_softmax, shares, softmax)
defbatch(batch_axis, logsumexp, log_softmax, shares, softmax)
defbatch(batch_elementwise, relu, sigmoid)
defbatch(batch_label_losses, label_losses)


def mse(predictions: Any, targets: Any) -> Any:
    """The mean of the squared differences.

    >>> import numpy as np
    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    return anp.mean(anp.square(predictions - targets))
