"""B-splines by their basis: the functions that are not zero at a query, by de Boor's recursion (C. de Boor, "A
Practical Guide to Splines", 1978, chapter X), in the knots and in the query."""

from __future__ import annotations

import numpy as np

from ...numpy import linalg
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from .bands import solve_bands
from .pieces import find_piece, is_outside, wide

__all__ = ["basis", "evaluate_spline", "interpolating_coefficients", "least_squares_coefficients", "lowered",
           "periodic_coefficients", "raised", "spans"]


def spans(t, k, query):
    """The number i of the knot with t[i] ≤ query < t[i + 1], of the first or the last piece for what is outside."""
    return find_piece(t[k : t.shape[0] - k], query) + k


def basis(t, k, query, i):
    """The k + 1 functions that are not zero in piece ``i``, at ``query``: those of number i − k to i."""
    found = [anp.where(anp.isnan(query), query, 1.0)]
    left = [query - anp.take(t, i + 1 - j) for j in range(1, k + 1)]
    right = [anp.take(t, i + j) - query for j in range(1, k + 1)]
    for j in range(k):
        saved, new = 0.0, []
        for r in range(j + 1):
            step = right[r] + left[j - r]
            is_empty = anp.equal(step, 0)  # a function on equal knots is zero
            part = anp.where(is_empty, 0.0, found[r] / anp.where(is_empty, 1.0, step))
            new.append(saved + right[r] * part)
            saved = left[j - r] * part
        found = [*new, saved]
    return found


def beside(steps, c):
    return anp.reshape(steps, (-1, *[1] * (c.ndim - 1)))


def lowered(t, c, k):
    """Knots and coefficients of the derivative: k (cᵢ₊₁ − cᵢ) / (tᵢ₊ₖ₊₁ − tᵢ₊₁), 0 where a function has no support."""
    count = t.shape[0] - k - 1
    c = c[:count]
    steps = t[k + 1 : -1] - t[1 : -k - 1]
    is_empty = anp.equal(steps, 0)
    factors = anp.where(is_empty, 0.0, k / anp.where(is_empty, 1.0, steps))
    return t[1:-1], (c[1:] - c[:-1]) * beside(factors, c), k - 1


def raised(t, c, k):
    """Knots and coefficients of the antiderivative that is 0 at the first knot."""
    c = c[: t.shape[0] - k - 1]
    sums = anp.cumsum(c * beside(t[k + 1 :] - t[: -k - 1], c), 0) / (k + 1)
    sums = anp.concatenate([np.zeros((1, *c.shape[1:]), c.dtype), sums])
    return anp.concatenate([t[:1], t, t[-1:]]), sums, k + 1


def evaluate_spline(t, c, k, query, nu, extrapolate):
    query = anp.astype(as_array(query), np.float64)
    first, last = t[k], t[t.shape[0] - k - 1]
    domain = t[k : t.shape[0] - k]
    if extrapolate == "periodic":
        query = first + (query - first) % (last - first)
    zero = nu > k
    for _ in range(min(nu, k)):
        t, c, k = lowered(t, c, k)
    i = spans(t, k, query)
    answer = 0.0
    for r, each in enumerate(basis(t, k, query, i)):
        answer = answer + wide(each, c.ndim - 1) * anp.take(c, i - k + r, 0)
    if zero:
        answer = 0 * answer
    if not extrapolate:
        outside, nothing = (wide(each, c.ndim - 1) for each in (is_outside(domain, query), np.nan * query))
        answer = anp.where(outside, nothing, answer)
    return answer


# Interpolation: one equation for each point and each condition at an end, with k + 1 coefficients in each


def derivative_row(t, k, x, i, nu):
    """The derivatives of order ``nu`` of the functions that are not zero in piece ``i``, at the point ``x``."""
    return evaluate_spline(t[i - k : i + k + 2], np.eye(k + 1), k, x, nu, True)


def rows_of(t, k, x, left, right):
    """For each equation the values of k + 1 functions, and the number of the first of them."""
    i = spans(t, k, x)
    count = t.shape[0] - k - 1
    inner = anp.stack(basis(t, k, x, i), -1)
    rows = [derivative_row(t, k, x[0], k, nu)[None] for nu in left] + [inner]
    rows += [derivative_row(t, k, x[-1], count - 1, nu)[None] for nu in right]
    first = anp.concatenate([np.zeros(len(left), int), i - k, np.full(len(right), count - 1 - k)])
    return anp.concatenate(rows) if len(rows) > 1 else inner, first


def interpolating_coefficients(t, k, x, y, left, right):
    """The coefficients of the spline through ``y`` at ``x``; ``left`` and ``right`` map orders to derivatives there."""
    rows, first = rows_of(t, k, x, left, right)
    count = rows.shape[0]
    # bands[k + equation − column, column]
    column = np.arange(count)
    equation = np.arange(2 * k + 1)[:, None] - k + column
    is_inside = (equation >= 0) & (equation < count)
    equation = np.clip(equation, 0, count - 1)
    r = column - anp.take(first, equation)
    is_there = anp.logical_and(is_inside, anp.logical_and(r >= 0, r <= k))
    bands = anp.where(is_there, anp.getitem(rows, (equation, anp.where(is_there, r, 0))), 0.0)
    ends = [[anp.reshape(as_array(value), (1, *y.shape[1:])) for value in each.values()] for each in (left, right)]
    return solve_bands(bands, anp.concatenate([*ends[0], y, *ends[1]]), k, k)


def dense_rows(rows, first, count):
    """The rows as those of a matrix with ``count`` columns, which are those of a circle."""
    columns = (first[:, None] + np.arange(rows.shape[1])) % count
    return anp.sum(rows[:, :, None] * anp.equal(columns[:, :, None], np.arange(count)), 1)


def periodic_coefficients(t, k, x, y):
    """Coefficients that repeat themselves after one turn."""
    size = x.shape[0] - 1
    matrix = dense_rows(*rows_of(t, k, x[:-1], {}, {}), size)
    solved = linalg.solve(matrix, anp.reshape(y[:-1], (size, -1)))
    return anp.reshape(solved, (size, *y.shape[1:]))[np.arange(size + k) % size]


def least_squares_coefficients(t, k, x, y, w):
    """The coefficients of the spline that minimises Σ (wⱼ (yⱼ − s(xⱼ)))²."""
    rows, first = rows_of(t, k, x, {}, {})
    count = t.shape[0] - k - 1
    matrix = dense_rows(rows, first, count) * w[:, None]
    right = anp.reshape(y, (y.shape[0], -1)) * w[:, None]
    solved = linalg.lstsq(matrix, right)[0]
    return anp.reshape(solved, (count, *y.shape[1:]))
