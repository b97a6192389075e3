"""Euclidean distances of all pairs of rows, without a temporary for each pair and coordinate.

With D the distances and W = g / D, the cotangent of row xᵢ is Σⱼ wᵢⱼ (xᵢ − yⱼ), a product of matrices. Where points
coincide the slope is 0, as is that of a norm at 0.
"""

from __future__ import annotations

import numpy as np
import scipy.spatial.distance

from ....core.primitives import primitive
from ....core.traits import ARGUMENTS
from ....numpy import wrapped as anp
from ....numpy.batching import batch_aligned
from ....numpy.broadcasting import unbroadcast
from ....numpy.definers import defrules
from ....numpy.rules.lengths import unit
from ....numpy.rules.matrices import column, transposed
from ...linalg.operands import over_stacks

__all__ = ["condensed", "euclidean_pairs", "spread", "square_pairs"]

CLOSE = 1e-4
"""Of the size of all coordinates: of pairs that are closer a product of matrices would lose digits."""


def far_apart(x, y):
    """Both, moved so that their middle is 0, and whether a product of matrices leaves the digits of x − y."""
    middle = np.mean(y, axis=-2, keepdims=True) if y.shape[-2] else 0
    x, y = x - middle, y - middle
    size = max(np.max(np.abs(x), initial=0), np.max(np.abs(y), initial=0))
    return x, y, size


@primitive
@np.errstate(invalid="ignore")  # of points at infinity
def weighted_differences(w, x, y):
    """Σⱼ wᵢⱼ (xᵢ − yⱼ)."""
    w, x, y = np.asarray(w), np.asarray(x), np.asarray(y)
    near, other, size = far_apart(x, y)
    ans = np.sum(w, axis=-1)[..., None] * near - w @ other
    if not np.isfinite(size) or lost_digits(ans, w, size):
        for k in range(x.shape[-1]):
            difference = x[..., :, None, k] - y[..., None, :, k]
            # of a pair of no weight nothing is taken, also of a point at infinity
            ans[..., k] = np.einsum("...ij,...ij->...i", w, np.where(w == 0, 0, difference))
    return ans


def lost_digits(ans, w, size):
    """Whether what is left is so much less than its terms that rounding would show."""
    terms = np.sum(np.abs(w), axis=-1) * size
    return bool(np.any(np.max(np.abs(ans), axis=-1, initial=0) < CLOSE * terms))


@primitive
@np.errstate(invalid="ignore")
def along_differences(g, x, y):
    """gᵢ · (xᵢ − yⱼ), for each pair."""
    g, x, y = np.asarray(g), np.asarray(x), np.asarray(y)
    ans = 0
    for k in range(x.shape[-1]):  # a coordinate at a time: the differences of close points are exact
        ans = ans + g[..., :, None, k] * (x[..., :, None, k] - y[..., None, :, k])
    return ans if x.shape[-1] else np.zeros((*x.shape[:-1], y.shape[-2]), np.result_type(g, x, y))


def total(w):
    return column(anp.sum(w, axis=-1))


# Each of both is linear in its first argument, where the other is its transpose, and in the points.

defrules(
    weighted_differences,
    (
        lambda g, ans, w, x, y: unbroadcast(along_differences(g, x, y), w),
        lambda g, ans, w, x, y: unbroadcast(total(w) * g, x),
        lambda g, ans, w, x, y: unbroadcast(-(transposed(w) @ g), y),
    ),
    (
        lambda t, ans, w, x, y: weighted_differences(t, x, y), lambda t, ans, w, x, y: total(w) * t,
        lambda t, ans, w, x, y: -(w @ t),
    ),
    batching=batch_aligned,
)
defrules(
    along_differences,
    (
        lambda g, ans, w, x, y: unbroadcast(weighted_differences(g, x, y), w),
        lambda g, ans, w, x, y: unbroadcast(total(g) * w, x),
        lambda g, ans, w, x, y: unbroadcast(-(transposed(g) @ w), y),
    ),
    (
        lambda t, ans, w, x, y: along_differences(t, x, y),
        lambda t, ans, w, x, y: total(w * t) + anp.zeros_like(ans), lambda t, ans, w, x, y: -(w @ transposed(t)),
    ),
    batching=batch_aligned,
)


@primitive
@over_stacks(2)
def euclidean_pairs(x, y):
    """The distances of each row of ``x`` and each of ``y``."""
    return scipy.spatial.distance.cdist(x, y)


@primitive
@over_stacks(2)
def square_pairs(x, y):
    """Their squares."""
    return scipy.spatial.distance.cdist(x, y, "sqeuclidean")


def pairs_rules(prim, weigh, **facts):
    """``weigh(g, ans)``: the weights of the differences x − y in the cotangent of x."""
    defrules(
        prim,
        (
            lambda g, ans, x, y: unbroadcast(weighted_differences(weigh(g, ans), x, y), x),
            lambda g, ans, x, y: unbroadcast(weighted_differences(transposed(weigh(g, ans)), y, x), y),
        ),
        (
            lambda t, ans, x, y: weigh(along_differences(t, x, y), ans),
            lambda t, ans, x, y: weigh(transposed(along_differences(t, y, x)), ans),
        ),
        batching=batch_aligned, owns_memory=True, **facts,
    )


def over_distance(g, ans):
    with np.errstate(invalid="ignore"):
        return unit(g, ans)


pairs_rules(euclidean_pairs, over_distance)
pairs_rules(square_pairs, lambda g, ans: 2 * g, reads=ARGUMENTS)


# The condensed form of a symmetric matrix: what is above its diagonal, row by row


@primitive
def condensed(x):
    n = x.shape[-1]
    return x[..., np.tri(n, k=-1, dtype=bool).T]


@primitive
def spread(v, n):
    """A matrix with ``v`` above the diagonal, and 0 elsewhere."""
    ans = np.zeros((*v.shape[:-1], n, n), v.dtype)
    ans[..., np.tri(n, k=-1, dtype=bool).T] = v
    return ans


condensed_rules = (lambda g, ans, x: spread(g, x.shape[-1])), (lambda t, ans, x: condensed(t))
defrules(condensed, *condensed_rules, batching=batch_aligned, linear_in=(0,))
spread_rules = (lambda g, ans, v, n: condensed(g), None), (lambda t, ans, v, n: spread(t, n), None)
defrules(spread, *spread_rules, batching=batch_aligned, linear_in=(0,))
