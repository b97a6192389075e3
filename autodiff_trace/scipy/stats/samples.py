"""Statistics of samples, by traced functions: means, moments, scores and the like along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats

from ...core.errors import TracedValueError, caller_line
from ...numpy import wrapped as anp
from ...numpy.definers import define
from .. import special
from .distributions import double

__all__: list[str] = []


def prepared(a: Any, axis: Any, nan_policy: str = "propagate", name: str = "") -> tuple:
    """``a`` in floating point and a number for the axis; None flattens."""
    if nan_policy != "propagate":
        raise TracedValueError(
            f"{name}: nan_policy={nan_policy!r} is not there for traced values ({caller_line()}). Leave NaN out before."
        )
    a = anp.asarray(a)
    a = a if a.dtype.kind in "fc" else double(a)
    return (anp.reshape(a, (-1,)), 0) if axis is None else (a, axis)


def central(a, order, axis, keepdims=False):
    """The central moment."""
    deviation = a - anp.mean(a, axis=axis, keepdims=True)
    return anp.mean(deviation**order, axis=axis, keepdims=keepdims)


@define(scipy.stats.zscore)
def zscore(a, axis=0, ddof=0, nan_policy="propagate"):
    return zmap(a, a, axis, ddof, nan_policy)


@define(scipy.stats.zmap)
def zmap(scores, compare, axis=0, ddof=0, nan_policy="propagate"):
    a, along = prepared(compare, axis, nan_policy, "zscore")
    centre = anp.mean(a, axis=None if axis is None else along, keepdims=True)
    spread = anp.std(a, axis=None if axis is None else along, ddof=ddof, keepdims=True)
    if axis is None:
        centre, spread = centre[0], spread[0]
    return (scores - centre) / spread


@define(scipy.stats.gmean)
def gmean(a, axis=0, weights=None, nan_policy="propagate", keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "gmean")
    return anp.exp(weighted_mean(anp.log(a), axis, weights, keepdims))


@define(scipy.stats.hmean)
def hmean(a, axis=0, weights=None, nan_policy="propagate", keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "hmean")
    return 1 / weighted_mean(1 / a, axis, weights, keepdims)


@define(scipy.stats.pmean)
def pmean(a, p, axis=0, weights=None, nan_policy="propagate", keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "pmean")
    return weighted_mean(a**p, axis, weights, keepdims) ** (1 / p)


def weighted_mean(a, axis, weights, keepdims):
    if weights is None:
        return anp.mean(a, axis=axis, keepdims=keepdims)
    weights = anp.broadcast_to(weights, a.shape)
    return anp.sum(a * weights, axis=axis, keepdims=keepdims) / anp.sum(weights, axis=axis, keepdims=keepdims)


@define(scipy.stats.moment)
def moment(a, order=1, axis=0, nan_policy="propagate", center=None, keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "moment")
    if np.ndim(order):
        return anp.stack([moment(a, each, axis, center=center, keepdims=keepdims) for each in order])
    if center is None:
        return central(a, order, axis, keepdims)
    return anp.mean((a - center) ** order, axis=axis, keepdims=keepdims)


@define(scipy.stats.skew)
def skew(a, axis=0, bias=True, nan_policy="propagate", keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "skew")
    value = central(a, 3, axis, keepdims) / central(a, 2, axis, keepdims) ** 1.5
    n = a.shape[axis]
    return value if bias or n < 3 else value * (np.sqrt(n * (n - 1)) / (n - 2))


@define(scipy.stats.kurtosis)
def kurtosis(a, axis=0, fisher=True, bias=True, nan_policy="propagate", keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "kurtosis")
    value = central(a, 4, axis, keepdims) / central(a, 2, axis, keepdims) ** 2
    n = a.shape[axis]
    if not bias and n > 3:
        value = ((n * n - 1) * value - 3 * (n - 1) ** 2) / ((n - 2) * (n - 3)) + 3
    return value - 3 if fisher else value


@define(scipy.stats.sem)
def sem(a, axis=0, ddof=1, nan_policy="propagate", keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "sem")
    return anp.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / np.sqrt(a.shape[axis])


@define(scipy.stats.variation)
def variation(a, axis=0, nan_policy="propagate", ddof=0, keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "variation")
    return anp.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / anp.mean(a, axis=axis, keepdims=keepdims)


@define(scipy.stats.entropy)
def entropy(pk, qk=None, base=None, axis=0, nan_policy="propagate", keepdims=False):
    pk, axis = prepared(pk, axis, nan_policy, "entropy")
    pk = pk / anp.sum(pk, axis=axis, keepdims=True)
    if qk is None:
        terms = special.entr(pk)
    else:
        qk = anp.broadcast_to(qk, pk.shape)
        terms = special.rel_entr(pk, qk / anp.sum(qk, axis=axis, keepdims=True))
    total = anp.sum(terms, axis=axis, keepdims=keepdims)
    return total if base is None else total / anp.log(base)


@define(scipy.stats.gstd)
def gstd(a, axis=0, ddof=1, nan_policy="propagate", keepdims=False):
    a, axis = prepared(a, axis, nan_policy, "gstd")
    return anp.exp(anp.std(anp.log(a), axis=axis, ddof=ddof, keepdims=keepdims))


@define(scipy.stats.boxcox_llf)
def boxcox_llf(lmb, data, axis=0, keepdims=False, nan_policy="propagate"):
    """Without the constant, as SciPy has it."""
    data, axis = prepared(data, axis, nan_policy, "boxcox_llf")
    spread = anp.log(anp.var(special.boxcox(data, lmb), axis=axis, keepdims=keepdims))
    total = anp.sum(anp.log(data), axis=axis, keepdims=keepdims)
    return (lmb - 1) * total - data.shape[axis] / 2 * spread


@define(scipy.stats.boxcox)
def boxcox(x, lmbda=None):
    if lmbda is None:
        raise TracedValueError(
            f"scipy.stats.boxcox: of traced values lmbda= has to be given ({caller_line()}). "
            "The best one maximises boxcox_llf(lmbda, x)."
        )
    return special.boxcox(anp.asarray(x), lmbda)
