"""Cross entropy of classes."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..core.primitives import primitive
from ..core.tracebacks import border
from ..core.traits import declares
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from ..numpy.batching import map_all
from ..numpy.canonical import as_array
from ..numpy.definers import defrules
from .reductions import reduced
from .softmaxes import below_top, in_precision_of, log_softmax, log_sum_exp, softmax

__all__ = ["check_labels", "label_losses", "softmax_cross_entropy"]


@border
def softmax_cross_entropy(logits: Any, labels: Any, reduction: str = "mean", **unknown: NoReturn) -> Any:
    """The mean over examples of ``-log(softmax(logits))`` at the right class.

    Arguments:
        logits: an array of shape (..., classes).
        labels: integers of shape (...), or rows of probabilities (one-hot, say) of the shape of ``logits``.
        reduction: "mean" or "sum" over examples, or "none" for the loss of each.

    Returns a number, in nats an example. Raises ValueError if the labels do not fit.

    >>> import numpy as np
    >>> float(softmax_cross_entropy(np.zeros((2, 4)), np.array([0, 3])))
    1.3862943611198906
    """
    if unknown:
        raise unknown_keyword("softmax_cross_entropy", unknown)
    logits, labels = as_array(logits), as_array(labels)
    if labels.dtype.kind in "iu":
        if labels.shape != logits.shape[:-1]:
            raise ValueError(
                f"softmax_cross_entropy: integer labels have shape {labels.shape}, but logits of shape {logits.shape} "
                f"want {logits.shape[:-1]}"
            )
        return reduced("softmax_cross_entropy", label_losses(logits, labels), reduction)
    if labels.shape != logits.shape:
        raise ValueError(
            f"softmax_cross_entropy: labels of dtype {labels.dtype} are rows of probabilities and have the shape of "
            f"the logits, {logits.shape}, not {labels.shape}; class numbers are integers"
        )
    # A class that a logit of -inf rules out, with label 0, adds 0 and not 0 times infinity.
    ruled_out = anp.logical_and(anp.equal(logits, -np.inf), anp.equal(labels, 0))
    losses = -anp.sum(labels * anp.where(ruled_out, 0, log_softmax(logits)), axis=-1)
    return reduced("softmax_cross_entropy", losses, reduction)


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
    # As unsigned numbers negative ones are large: one reduction instead of two (1.5 µs). (Of few bits they are not.)
    if labels.size and np.maximum.reduce(labels.astype(np.intp, copy=False).view(np.uintp), axis=None) >= classes:
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
