"""What computes primitives of this folder by NumPy's protocols alone, for arrays of other libraries: without writing
into arrays, and without looking at single values."""

from __future__ import annotations

import numpy as np

from ..core.traits import declare
from .losses import label_losses as label_losses_of
from .softmaxes import log_softmax_along, logsumexp_over, shares as shares_of, softmax_along

__all__: list[str] = []


def powers_below_top(x, axes):
    x = x if x.dtype.kind in "fc" else x.astype(np.float64)
    x = x.astype(np.float32) if x.dtype == np.float16 else x
    top = np.max(x, axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    powers = np.exp(x - top)
    return x - top, top, powers, np.sum(powers, axis=axes, keepdims=True)


def logsumexp(x, axes, keepdims):
    _, top, _, total = powers_below_top(x, axes)
    ans = np.log(total) + top
    return (ans if keepdims else np.squeeze(ans, axis=axes)).astype(answer_dtype(x))


def log_softmax(x, axes):
    below, _, _, total = powers_below_top(x, axes)
    return (below - np.log(total)).astype(answer_dtype(x))


def softmax(x, axes):
    _, _, powers, total = powers_below_top(x, axes)
    return (powers / total).astype(answer_dtype(x))


def shares(x, axes):
    _, _, powers, total = powers_below_top(x, axes)
    return (powers / (total + np.equal(total, 0))).astype(answer_dtype(x))


def answer_dtype(x):
    return x.dtype if x.dtype.kind in "fc" else np.dtype(np.float64)


def label_losses(logits, labels):
    """NaN for labels that are no numbers of classes."""
    classes = logits.shape[-1]
    numbers = np.asarray(np.arange(classes), like=logits)
    below = log_softmax(logits, (logits.ndim - 1,))
    picked = np.sum(np.where(np.equal(labels[..., None], numbers), below, below.dtype.type(0)), axis=-1)
    is_class = np.logical_and(labels >= 0, labels < classes)
    return np.where(is_class, -picked, below.dtype.type(np.nan))


for _prim, _form in (
    (label_losses_of, label_losses), (log_softmax_along, log_softmax), (logsumexp_over, logsumexp),
    (shares_of, shares), (softmax_along, softmax),
):
    declare(_prim, protocol_form=_form)
