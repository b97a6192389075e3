"""Rules of the logistic functions, of log Σ exp and of the softmax."""

from __future__ import annotations

import numpy as np
import scipy.special

from ... import nn
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define, elementwise
from ...numpy.error_states import quiet
from ...transforms.stopping import stop_gradient
from . import wrapped as special
from .families import family_of

elementwise(special.expit, lambda ans, x: ans * special.expit(-x))


@family_of("p", p=lambda ans, p: (2 * p - 1) * (ans * ans))
def logit_slope(p):
    """1 / (p (1 − p)), NaN outside of the domain."""
    return np.where((p < 0) | (p > 1), np.nan, 1 / (p * (1 - p)))


elementwise(special.logit, lambda ans, p: logit_slope(p), singular=True)
elementwise(special.log_expit, lambda ans, x: special.expit(-x))
if hasattr(special, "softplus"):  # since SciPy 1.15
    elementwise(special.softplus, lambda ans, x: special.expit(x))


def floating(x):
    """``x`` as an array of floating or complex numbers."""
    x = as_array(x)
    return x if x.dtype.kind in "fc" else anp.astype(x, np.float64)


@define(scipy.special.softmax)
def softmax(x, axis=None):
    return nn.softmax(floating(x), axis)


@define(scipy.special.log_softmax)
def log_softmax(x, axis=None):
    return nn.log_softmax(floating(x), axis)


@define(scipy.special.logsumexp)
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    a = floating(a)
    if b is None and not return_sign and a.dtype.kind == "f":
        return nn.logsumexp(a, axis, keepdims)
    if b is None:
        weights, is_without = 1, False
    else:
        weights = floating(b)
        is_without = anp.equal(weights, 0)
    # What the terms have in common; it drops out of the derivative.
    counted = anp.where(is_without, -np.inf, anp.real(a)).astype(anp.real(a).dtype)
    top = stop_gradient(anp.max(counted, axis=axis, keepdims=True))
    top = anp.where(anp.isfinite(top), top, top.dtype.type(0))
    is_nothing = anp.equal(anp.real(a), -np.inf)  # terms that are constants, in any order
    exponent = anp.where(is_nothing, top, a) - top
    if b is not None:  # what has no weight does not count, infinite or not, but would with some: d/db = exp(a) / Σ
        largest = top.dtype.type(0.999 * np.log(np.finfo(top.dtype).max))
        is_huge = anp.logical_and(is_without, anp.real(exponent) > largest)
        exponent = anp.where(is_huge, largest, exponent)
    terms = weights * anp.exp(exponent)
    total = anp.sum(anp.where(is_nothing, terms.dtype.type(0), terms), axis=axis, keepdims=True)
    sign = anp.sign(total)
    if not return_sign and total.dtype.kind == "f":
        total = total + anp.where(total < 0, total.dtype.type(np.nan), total.dtype.type(0))  # and so its slope
    result = quiet(anp.log)(anp.absolute(total) if return_sign else total) + top
    if not keepdims:
        result, sign = anp.squeeze(result, axis=axis), anp.squeeze(sign, axis=axis)
    return (result, sign) if return_sign else result
