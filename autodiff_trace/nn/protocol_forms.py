"""What computes primitives of this folder by NumPy's protocols alone, for arrays of other libraries: without writing
into arrays, and without looking at single values."""

from __future__ import annotations

import functools

import numpy as np

from ..core.traits import declare
from . import gelus
from .losses import label_losses as label_losses_of
from .normalising import inverse_deviation as inverse_deviation_of, normalised as normalised_of
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


def centred(x, axes, eps):
    """``x`` without its mean, and one over its standard deviation."""
    centre = x - np.mean(x, axis=axes, keepdims=True)
    return centre, 1 / np.sqrt(np.mean(np.square(centre), axis=axes, keepdims=True) + eps)


def normalised(x, axes, eps):
    centre, scale = centred(x, axes, eps)
    return (centre * scale).astype(x.dtype)


def inverse_deviation(x, axes, keepdims, eps):
    scale = centred(x, axes, eps)[1]
    return (scale if keepdims else np.squeeze(scale, axis=axes)).astype(x.dtype)


def normal_cdf(x):
    """All ranges everywhere, each within its bounds."""
    x = np.clip(x if x.dtype.kind == "f" else x.astype(np.float64), -gelus.FAR, gelus.FAR)
    u = np.abs(x) * gelus.ROOT_HALF
    far = np.maximum(u, gelus.MIDDLE_END)
    square = 1 / (far * far)
    tail = (gelus.ONE_OVER_ROOT_PI - square * rational(square, gelus.TAIL)) / far
    below = np.where(u > gelus.MIDDLE_END, tail, rational(np.minimum(u, gelus.MIDDLE_END), gelus.MIDDLE))
    below = 0.5 * below * np.exp(-0.5 * x * x)
    close = np.minimum(u, gelus.NEAR_END) * np.sign(x)
    close = 0.5 + 0.5 * close * rational(close * close, gelus.NEAR)
    return np.where(u <= gelus.NEAR_END, close, np.where(x > 0, 1 - below, below))


def rational(x, powers):
    top, bottom = (functools.reduce(lambda total, c: total * x + c, each[1:], each[0]) for each in powers)
    return top / bottom


def exact_gelu(x):
    return np.maximum(x, -gelus.FAR) * normal_cdf(x)


for _prim, _form in (
    (gelus.exact_gelu, exact_gelu), (gelus.normal_cdf, normal_cdf), (inverse_deviation_of, inverse_deviation),
    (label_losses_of, label_losses), (log_softmax_along, log_softmax), (logsumexp_over, logsumexp),
    (normalised_of, normalised), (shares_of, shares), (softmax_along, softmax),
):
    declare(_prim, protocol_form=_form)
