"""Rules of the norms. Where a norm has a kink, as at 0, the smallest element of its subdifferential is taken; elements
that attain a maximum together share it evenly."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...core.primitives import primitive
from ...core.tracer import is_box
from .. import linalg
from .. import wrapped as anp
from ..along_axes import expand_reduced, reduced_shape, reduction
from ..canonical import as_array, axes_of
from ..definers import define, defrules
from ..mutation import identity
from .determinants import inverse
from .extrema import max_over, min_over
from .lengths import euclidean_norm, unit
from .reductions import any_over, sum_over
from .tolerances import tolerance

__all__: list[str] = []


# The Euclidean norm, over any axes: d|x| = Re(conj(x) dx) / |x|, and 0 at 0, where the second derivative is 0, too. Its
# module computes it also where the squares over- or underflow.


def direction(ans, x, axes):
    """conj(x) / |x|, and 0 at 0: the slope of |x|."""
    return unit(anp.conjugate(x) if x.dtype.kind == "c" else x, expand_reduced(ans, x, axes))


reduction(euclidean_norm, slope=direction)


def power_norm(x, p, axes, keepdims):
    """(Σ |x|ᵖ)^(1/p). An element 0 has the derivative 0; with a negative p it makes the norm 0."""
    x = anp.absolute(x)
    p = anp.astype(p, x.dtype) if hasattr(p, "dtype") else p
    unit = power_of_two(max_over(x, axes, True) if x.size else np.zeros(reduced_shape(x, axes), x.dtype))
    x = x / unit
    zero = anp.equal(x, 0)
    total = sum_over(anp.where(zero, 0, anp.where(zero, 1, x) ** p), axes, keepdims)
    vanishes = anp.equal(total, 0)
    if p < 0:
        vanishes = any_over(zero, axes, keepdims)
    return anp.where(vanishes, 0, anp.where(vanishes, 1, total) ** (1 / p)) * anp.reshape(unit, total.shape)


def power_of_two(x):
    """The power of two below x, 1 where x is 0 or infinite: the unit in which powers neither over- nor underflow.

    Its inverse is finite, too, by which derivatives are multiplied.
    """
    is_ordinary = anp.logical_and(anp.isfinite(x), anp.greater(x, 0))
    least = 4 * np.finfo(x.dtype).smallest_normal
    return anp.exp2(anp.floor(anp.log2(anp.where(is_ordinary, anp.maximum(x, least), 1))))


def norm_of_vectors(x, ord, axes, keepdims):
    """The norm of order ``ord``, which may itself be traced, over some axes taken as one."""
    if ord is None or (ord == 2 and not is_box(ord)):
        return euclidean_norm(x, axes, keepdims)
    if ord == np.inf:
        return max_over(anp.absolute(x), axes, keepdims)
    if ord == -np.inf:
        return min_over(anp.absolute(x), axes, keepdims)
    if ord == 0:
        return sum_over(anp.astype(anp.not_equal(x, 0), np.finfo(x.dtype).dtype), axes, keepdims)
    if ord == 1 and not is_box(ord):
        return sum_over(anp.absolute(x), axes, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is not defined for vectors")
    return power_norm(x, ord, axes, keepdims)


def norm_of_matrices(x, ord, axis, keepdims):
    """The norm of order ``ord`` over two axes, the rows' and the columns'."""
    rows, columns = axis
    if ord is None or is_order(ord, "fro", "f"):
        return euclidean_norm(x, axes_of(x, axis), keepdims)
    if is_order(ord, "nuc", 2, -2):
        kept = [i for i in range(x.ndim) if i not in axis]
        s = linalg.svdvals(anp.transpose(x, [*kept, *axis]))
        # A singular value is not negative, so it has a kink at 0, where its derivative is 0 by convention.
        s = anp.where(s > tolerance(s)[..., 0], s, identity(s))
        result = anp.sum(s, axis=-1) if is_order(ord, "nuc") else (anp.max if ord > 0 else anp.min)(s, axis=-1)
    elif is_order(ord, 1, -1, np.inf, -np.inf):
        summed, searched = (rows, columns) if is_order(ord, 1, -1) else (columns, rows)
        sums = anp.sum(anp.absolute(x), axis=summed, keepdims=True)
        result = (anp.max if ord > 0 else anp.min)(sums, axis=(summed, searched))
    else:
        raise ValueError(f"norm: ord={ord!r} is not defined for matrices")
    return anp.reshape(result, reduced_shape(x, axis)) if keepdims else result


def is_order(ord, *orders):
    """Whether ``ord`` is one of ``orders``; a number, which may be traced, is not compared with a name."""
    return any(ord == each for each in orders if isinstance(each, str) == isinstance(ord, str))


def as_inexact(x):
    x = as_array(x)
    return x if x.dtype.kind in "fc" else anp.astype(x, float)


@define(np.linalg.norm)
def norm(x, ord, axis, keepdims):
    x, keepdims = as_inexact(x), bool(keepdims)
    if axis is None and ord is None:
        return euclidean_norm(x, axes_of(x, None), keepdims)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    if len(axes) == 1:
        return norm_of_vectors(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    if axes[0] == axes[1]:
        raise ValueError("Duplicate axes given.")
    return norm_of_matrices(x, ord, axes, keepdims)


@define(np.linalg.vector_norm)
def vector_norm(x, axis, keepdims, ord):
    x = as_inexact(x)
    return norm_of_vectors(x, ord, axes_of(x, axis), bool(keepdims))


@define(np.linalg.matrix_norm)
def matrix_norm(x, keepdims, ord):
    x = as_inexact(x)
    return norm_of_matrices(x, ord, normalize_axis_tuple((-2, -1), x.ndim), bool(keepdims))


# cond: the largest over the smallest singular value, or |A| |A⁻¹| in another norm


@define(np.linalg.cond)
def cond(x, p=None):
    x = as_inexact(x)
    if 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    if p is None or is_order(p, 2, -2):
        s = linalg.svdvals(x)
        largest, smallest = anp.max(s, axis=-1), anp.min(s, axis=-1)
        smallest = anp.absolute(smallest)  # along a direction it can be −0
        with np.errstate(divide="ignore", invalid="ignore"):
            ans = smallest / largest if is_order(p, -2) else largest / smallest
    else:
        with np.errstate(invalid="ignore"):
            ans = matrix_norm(x, ord=p) * matrix_norm(inverse(x), ord=p)
    # As in NumPy: 0 / 0 and 0 · ∞ are infinite, unless the matrix has NaNs.
    is_lost = anp.logical_and(anp.isnan(ans), anp.logical_not(anp.any(anp.isnan(x), axis=(-2, -1))))
    return infinite_where(ans, is_lost)


@primitive
def infinite_where(ans, is_lost):
    """``ans``, infinite where ``is_lost``; the derivative is that of ``ans``, NaN there."""
    return np.where(is_lost, np.inf, ans)[()]


unchanged = lambda g, ans, x, is_lost: g, None
defrules(infinite_where, unchanged, unchanged, linear_in=(0,))
