"""Polynomials in pieces: the value of each query's polynomial, as a primitive in coefficients and distance.

``piece_value(c, s, i, nu)`` takes coefficients as SciPy's ``PPoly`` has them, the highest power first along axis 0, the
pieces along axis 1. ``s`` is the distance of each query from the left end of its piece ``i``.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse

from ...core.primitives import nondifferentiable, primitive
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.broadcasting import match_dtype
from ...numpy.canonical import as_array
from ...numpy.definers import defrules

__all__ = ["as_points", "batch_find", "evaluate_pieces", "find_piece", "moved_axis", "piece_value"]


def factor_of(power, nu):
    """(d/ds)ⁿ sᵖ = factor · sᵖ⁻ⁿ."""
    return float(math.perm(power, nu))


def beside(s, ndim):
    """``s`` with axes of length one for what each query has several of."""
    return np.reshape(s, (*np.shape(s), *[1] * ndim))


@primitive
def piece_value(c, s, i, nu):
    """The derivative of order ``nu`` of polynomial ``i`` at ``s``, by Horner's rule."""
    count = c.shape[0]
    s = beside(s, c.ndim - 2)
    answer = np.zeros((*np.shape(i), *c.shape[2:]), c.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        for k in range(count - nu):
            answer = answer * s + factor_of(count - 1 - k, nu) * c[k][i]
    return answer


@primitive
def piece_adjoint(g, s, i, nu, shape):
    """The transpose of ``piece_value`` in the coefficients, which have ``shape``."""
    count, pieces = shape[:2]
    answer = np.zeros((count, pieces, math.prod(shape[2:])), g.dtype)
    s, i, g = np.ravel(s), np.ravel(i), np.reshape(g, (np.size(i), math.prod(shape[2:])))
    sums = None
    if g.shape[1] != 1 or g.dtype.kind == "c":
        ones = np.ones(i.size)
        sums = scipy.sparse.csc_matrix((ones, i, np.arange(i.size + 1)), (pieces, i.size))
    for k in range(count - nu):
        power = count - 1 - k
        if sums is not None:
            answer[k] = factor_of(power, nu) * (sums @ (s[:, None] ** (power - nu) * g))
        else:
            weighed = g[:, 0] if power == nu else s ** (power - nu) * g[:, 0]
            answer[k, :, 0] = factor_of(power, nu) * np.bincount(i, weighed, pieces)
    return answer.reshape(shape)


def sum_each(x, s):
    """The sums over what each query has several of."""
    axes = tuple(range(np.ndim(s), x.ndim))
    return match_dtype(anp.sum(x, axes) if axes else x, s.dtype)


def wide(t, ndim):
    return anp.reshape(t, (*t.shape, *[1] * ndim)) if ndim else t


defrules(
    piece_value,
    (
        lambda g, ans, c, s, i, nu: match_dtype(piece_adjoint(g, s, i, nu, c.shape), c.dtype),
        lambda g, ans, c, s, i, nu: sum_each(g * piece_value(c, s, i, nu + 1), s),
        None,
    ),
    (
        lambda t, ans, c, s, i, nu: piece_value(t, s, i, nu),
        lambda t, ans, c, s, i, nu: wide(t, c.ndim - 2) * piece_value(c, s, i, nu + 1),
        None,
    ),
)
defrules(
    piece_adjoint,
    (
        lambda g, ans, x, s, i, nu, shape: match_dtype(piece_value(g, s, i, nu), x.dtype),
        lambda g, ans, x, s, i, nu, shape: sum_each(x * piece_value(g, s, i, nu + 1), s),
        None,
    ),
    (
        lambda t, ans, x, s, i, nu, shape: piece_adjoint(t, s, i, nu, shape),
        lambda t, ans, x, s, i, nu, shape: piece_adjoint(wide(t, x.ndim - np.ndim(s)) * x, s, i, nu + 1, shape),
        None,
    ),
)


def batch_value(batch, prim, args, kwargs):
    c, s, i, nu = args
    count, size = batch.size, np.ndim(i) - bool(batch.mapped[2])
    s, i = (each if is_mapped else anp.broadcast_to(each, (count, *np.shape(each)))
            for each, is_mapped in zip((s, i), batch.mapped[1:3]))
    if batch.mapped[0]:  # the pieces of all elements in one row
        i = i + np.arange(count).reshape((-1, *[1] * size)) * c.shape[2]
        c = anp.moveaxis(c, 0, 1)
        c = anp.reshape(c, (c.shape[0], count * c.shape[2], *c.shape[3:]))
    return prim(c, s, i, nu)


declare(piece_value, batching=batch_value)


@nondifferentiable
def find_piece(x, query):
    """The number of the piece between ``x[i]`` and ``x[i + 1]``, of the first or the last for what is outside."""
    if x[0] > x[-1]:
        x, query = -x, -query
    return np.clip(np.searchsorted(x, query, "right") - 1, 0, len(x) - 2)


@nondifferentiable
def is_outside(x, query):
    return (query < np.minimum(x[0], x[-1])) | (query > np.maximum(x[0], x[-1]))


def batch_find(batch, prim, args, kwargs):
    return NotImplemented if batch.mapped[0] else prim(*args)


declare(find_piece, batching=batch_find)
declare(is_outside, batching=batch_find)


def evaluate_pieces(c, x, query, nu, extrapolate):
    """The values at ``query``, as SciPy has them: the trailing axes of ``c`` follow those of ``query``."""
    query = anp.astype(as_array(query), np.float64)
    first = x[0]
    if extrapolate == "periodic":
        query = first + (query - first) % (x[-1] - first)
    i = find_piece(x, query)
    answer = piece_value(c, query - anp.take(x, i), i, nu)
    if not extrapolate:
        # What is NaN has the derivative NaN in the query, and none in the pieces, which have no part in it.
        outside, nothing = (wide(each, c.ndim - 2) for each in (is_outside(x, query), np.nan * query))
        answer = anp.where(outside, nothing, answer)
    return answer


def moved_axis(answer, ndim, axis):
    """``answer`` with the axes of the query at ``axis``, where the axis of interpolation stood."""
    if not axis:
        return answer
    order = list(range(answer.ndim))
    return anp.transpose(answer, order[ndim : ndim + axis] + order[:ndim] + order[ndim + axis :])


def as_points(xi, ndim):
    """Queries of several coordinates, which stand along the last axis."""
    if isinstance(xi, tuple):
        if len(xi) > 1:
            xi = anp.stack(anp.broadcast_arrays(*[as_array(each) for each in xi]), -1)
        else:
            xi = xi[0]
    elif as_array(xi).ndim == 1:
        xi = anp.reshape(as_array(xi), (-1, ndim))
    xi = as_array(xi)
    if xi.ndim == 1 and ndim == 1:
        xi = xi[:, None]
    if xi.shape[-1:] != (ndim,):
        raise ValueError(f"The requested sample points xi have shape {xi.shape}, but this interpolator has dimension "
                         f"{ndim}")
    return anp.astype(xi, np.float64)
