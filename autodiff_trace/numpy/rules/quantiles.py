"""Rules of median, quantile, percentile and their forms that leave out NaNs: sort, then interpolate between neighbours.

The methods are those of R. Hyndman and Y. Fan, "Sample quantiles in statistical packages", 1996, and NumPy's own.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...core.array_ops import array_ops
from ...core.foreign import has_values
from ...core.primitives import nondifferentiable
from ...core.recording import to_recorded
from ...core.tracer import is_box, to_value
from .. import wrapped as anp
from ..along_axes import kept_axes_last, reduced_shape
from ..broadcasting import match_dtype
from ..canonical import NO_VALUE, as_array
from ..definers import define
from .ordering import argsort_along, sort_along
from .statistics import align_weights

# From n, the number of values, and q to the place among them, counted from 0: interpolated, …

CONTINUOUS = {
    "hazen": lambda n, q: n * q - 0.5,
    "interpolated_inverted_cdf": lambda n, q: n * q - 1,
    "linear": lambda n, q: (n - 1) * q,
    "median_unbiased": lambda n, q: n * q + (1 / 3 + q * (1 / 3)) - 1,
    "normal_unbiased": lambda n, q: n * q + (3 / 8 + q * (1 / 4)) - 1,
    "weibull": lambda n, q: n * q + q - 1,
}


# … or of a whole number, or halfway between two, where the derivative by q is zero


def averaged_inverted_cdf(n, q):
    place = n * q - 1
    whole = anp.floor(place)
    return anp.where(anp.equal(place, whole), whole + 0.5, whole + 1)


def closest_observation(n, q):
    place = n * q - 1.5
    whole = anp.floor(place)
    at_odd = anp.logical_and(anp.equal(place, whole), anp.equal(anp.remainder(whole, 2), 1))
    return anp.where(at_odd, whole, whole + 1)


STEPWISE = {
    "averaged_inverted_cdf": averaged_inverted_cdf,
    "closest_observation": closest_observation,
    "higher": lambda n, q: anp.ceil((n - 1) * q),
    "inverted_cdf": lambda n, q: anp.ceil(n * q - 1),
    "lower": lambda n, q: anp.floor((n - 1) * q),
    "midpoint": lambda n, q: 0.5 * (anp.floor((n - 1) * q) + anp.ceil((n - 1) * q)),
    "nearest": lambda n, q: anp.round((n - 1) * q),
}


WHOLE = ("closest_observation", "higher", "inverted_cdf", "lower", "nearest")


def find_place(method: str, n: Any, q: Any) -> Any:
    if method in CONTINUOUS:
        return CONTINUOUS[method](n, q)
    if method in STEPWISE:
        return STEPWISE[method](n, q)
    raise ValueError(f"{method!r} is no method of quantile; there are {', '.join(sorted([*CONTINUOUS, *STEPWISE]))}")


def interpolate(rows: Any, place: Any, n: Any, upper: Any, is_median: bool) -> Any:
    """The value at each ``place`` of each of the sorted ``rows``, of which the first ``n`` values count.

    ``place`` has the shape of the quantiles, then size 1 or as many as there are rows; ``upper`` is the whole number
    above it.
    """
    lower = anp.floor(place)
    fraction = place - lower
    each = np.arange(rows.shape[0])
    below = anp.getitem(rows, (each, anp.astype(anp.clip(lower, 0, n - 1), np.intp)))
    above = anp.getitem(rows, (each, anp.astype(anp.clip(upper, 0, n - 1), np.intp)))
    if is_median:  # the mean, as in NumPy, of two; an infinite one has no difference with itself
        if rows.dtype.kind in "iub":  # the sum of small integers overflows
            below, above = anp.astype(below, np.float64), anp.astype(above, np.float64)
        is_whole = fraction == 0
        if not is_box(is_whole) and is_whole.all():
            return below
        return anp.where(is_whole, below, (below + anp.where(is_whole, 0, above)) / 2)  # the sum of one overflows
    # Infinite neighbours that are the same have no difference.
    rise = anp.where(anp.logical_and(anp.isinf(above), anp.equal(above, below)), 0, above - below)
    is_near = fraction >= 0.5  # as in NumPy, from the nearer one: the other may be infinite
    return anp.where(is_near, above, below) + rise * anp.where(is_near, fraction - 1, fraction)


def find_quantiles(
    a: Any, q: Any, axis: Any, method: str, keepdims: Any, skip_nan: bool, keep_dtype: bool, unit: int = 1,
    weights: Any = None, is_median: bool = False,
) -> Any:
    """The quantiles ``q`` of ``a`` along ``axis``, where ``unit`` means all of the values.

    ``keep_dtype``: the answer has the dtype of ``a``, whatever that of ``q``. ``weights`` have the shape of ``a``.
    """
    a = as_array(a)
    q = as_array(q) / unit
    share = to_recorded(q)
    if has_values(q) and not anp.all(anp.logical_and(share >= 0, share <= 1)):
        raise ValueError("quantiles lie between 0 and 1, percentiles between 0 and 100")
    axes = tuple(range(a.ndim)) if axis is None else tuple(sorted(normalize_axis_tuple(axis, a.ndim)))
    order, shape = kept_axes_last(a, axes)
    count = math.prod([a.shape[i] for i in axes])
    answer_shape = q.shape + (shape if keepdims is NO_VALUE or not keepdims else reduced_shape(a, axes))
    if count == 0:
        return np.full(answer_shape, np.nan, np.result_type(a.dtype) if a.dtype.kind in "fc" else np.float64)[()]
    rows, weights = (
        None if x is None else anp.reshape(anp.transpose(x, order), (math.prod(shape), count)) for x in (a, weights)
    )
    if weights is not None:
        return anp.reshape(pick_weighted(rows, weights, q, skip_nan), answer_shape)[()]
    rows = sort_along(rows, 1)
    n = count
    if skip_nan:
        n = anp.astype(anp.maximum(count - anp.sum(anp.isnan(rows), axis=-1), 1), q.dtype)
    place = find_place(method, n, anp.expand_dims(q, -1))
    # At a whole place the next value has no part (it may be infinite), unless the derivative by q is asked for.
    upper = anp.floor(place) + 1 if is_box(q) else anp.ceil(place)
    ans = interpolate(rows, place, n, upper, is_median)
    # Where the answer is NaN no derivative flows.
    ans = anp.where(anp.isnan(rows[:, 0 if skip_nan else -1]), np.nan, ans)
    if (keep_dtype or method in WHOLE) and rows.dtype.kind in "fc":
        ans = match_dtype(ans, rows.dtype)
    return anp.reshape(ans, answer_shape)[()]


def pick_weighted(rows: Any, weights: Any, q: Any, skip_nan: bool) -> Any:
    """Of each row the value at which the running sum of the weights, in the order of the values, passes ``q`` of all:
    one of the values, so that no derivative comes by ``q`` or by the weights."""
    order = argsort_along(rows, 1)
    rows, weights = anp.take_along_axis(rows, order, -1), anp.take_along_axis(weights, order, -1)
    is_nan = anp.isnan(rows)
    if skip_nan:
        weights = anp.where(anp.logical_and(is_nan, anp.logical_not(anp.all(is_nan, -1, keepdims=True))), 0, weights)
    ans = anp.getitem(rows, (np.arange(rows.shape[0]), weighted_place(weights, q)))
    return ans if skip_nan or rows.dtype.kind != "f" else anp.where(is_nan[:, -1], np.nan, ans)


@nondifferentiable
def weighted_place(weights, q):
    """For each q and each row of weights where the running sum of the row passes q of the sum."""
    if np.any(weights < 0):
        raise ValueError("Weights must be non-negative.")
    with np.errstate(invalid="ignore"):
        sums = np.cumsum(weights, axis=-1, dtype=np.float64)
        sums /= sums[:, -1:]
    if np.isnan(sums[:, -1]).any():
        raise ValueError("Weights included NaN, inf or were all zero.")
    if hasattr(q, "dtype") and q.dtype.kind == "f":  # as NumPy: a q of single precision is looked for among such sums
        sums = sums.astype(q.dtype)
    sums[sums == 0] = -1  # what has no weight is not picked for q = 0
    return np.minimum((sums < (q[..., None, None] if np.ndim(q) else q)).sum(-1), weights.shape[-1] - 1)


# overwrite_input only permits NumPy to use the argument's memory.


@functools.cache
def keeps_single(function, kind):
    """Whether a q of type ``kind`` leaves float32 as it is: np.float64 does in some functions of some releases."""
    return kind in (int, float, np.float64) and function(np.ones(1, np.float32), kind(1)).dtype == np.float32


def define_quantile(function, unit, skip_nan):
    @define(function)
    def quantile(a, q, axis, out, overwrite_input, method, keepdims, weights):
        keep_dtype = keeps_single(function, type(to_value(q)))
        a = as_array(a)
        if a.dtype.kind == "c":
            raise TypeError(f"{function.__name__}: a must be an array of real numbers")
        if weights is not None:
            if method != "inverted_cdf":
                raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")
            weights = align_weights(function.__name__, as_array(weights), a, axis)
        return array_ops.store(out, find_quantiles(a, q, axis, method, keepdims, skip_nan, keep_dtype, unit, weights))


def define_median(function, skip_nan):
    @define(function)
    def median(a, axis, out, overwrite_input, keepdims):
        ans = find_quantiles(a, 0.5, axis, "linear", keepdims, skip_nan, keep_dtype=True, is_median=True)
        return array_ops.store(out, ans)


define_median(np.median, skip_nan=False)
define_median(np.nanmedian, skip_nan=True)
define_quantile(np.nanpercentile, 100, skip_nan=True)
define_quantile(np.nanquantile, 1, skip_nan=True)
define_quantile(np.percentile, 100, skip_nan=False)
define_quantile(np.quantile, 1, skip_nan=False)
