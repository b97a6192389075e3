"""Rules of matrices that are made of a few numbers: toeplitz, circulant, hankel, companion and their kin."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.primitives import primitive
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned
from ...numpy.canonical import as_array
from ...numpy.definers import define, linear
from ...numpy.rules.matrices import column, diagonal_matrix, row
from .operands import masked
from .toeplitz_systems import diagonals_of

__all__: list[str] = []


def on_top(first, below):
    """A row on top of a matrix, or of stacks of both."""
    lead = np.broadcast_shapes(first.shape[:-1], below.shape[:-2])
    first, below = anp.broadcast_to(first, (*lead, first.shape[-1])), anp.broadcast_to(below, lead + below.shape[-2:])
    return anp.concatenate([row(first), below], axis=-2)


def vector(x):
    x = as_array(x)
    return x if x.ndim else anp.reshape(x, (1,))


@define(scipy.linalg.toeplitz)
def toeplitz(c, r):
    values, n = diagonals_of(vector(c) if r is None else (vector(c), vector(r)), False)
    m = values.shape[-2] - n + 1
    return values[..., np.arange(m)[:, None] - np.arange(n) + n - 1, 0]


@define(scipy.linalg.circulant)
def circulant(c):
    c = vector(c)
    n = c.shape[-1]
    return c[..., (np.arange(n)[:, None] - np.arange(n)) % max(n, 1)]


@define(scipy.linalg.hankel)
def hankel(c, r):
    c = as_array(c)
    r = np.zeros(c.shape, c.dtype) if r is None else as_array(r)
    if c.ndim != 1 or r.ndim != 1:
        raise ValueError(f"hankel: c and r are vectors, not arrays of {c.shape} and {r.shape}")
    return anp.concatenate([c, r[1:]])[np.arange(c.shape[0])[:, None] + np.arange(r.shape[0])]


@primitive
def leading(a):
    """``a`` itself; an error where the coefficient of the highest power is 0."""
    if np.any(a[..., :1] == 0):
        raise ValueError("The first coefficient of a polynomial, a[..., 0], must not be zero.")
    return a


linear(leading, lambda g, ans, a: g, batching=batch_aligned)


@define(scipy.linalg.companion)
def companion(a):
    a = vector(a)
    n = a.shape[-1]
    if n < 2:
        raise ValueError("The length of `a` along the last axis must be at least 2.")
    a = leading(a)
    first = -a[..., 1:] / (1.0 * a[..., :1])
    return on_top(first, np.eye(n - 2, n - 1, dtype=first.dtype))


@define(scipy.linalg.leslie)
def leslie(f, s):
    f, s = vector(f), vector(s)
    n = f.shape[-1]
    if n != s.shape[-1] + 1:
        raise ValueError("Incorrect lengths for f and s. The length of s must be one less than the length of f.")
    return on_top(f, anp.concatenate([diagonal_matrix(s), np.zeros((*s.shape, 1), s.dtype)], axis=-1))


@define(scipy.linalg.fiedler)
def fiedler(a):
    a = vector(a)
    return anp.absolute(column(a) - row(a))


@define(scipy.linalg.fiedler_companion)
def fiedler_companion(a):
    # M. Fiedler, "A note on companion matrices", 2003: five diagonals, of coefficients and ones
    a = leading(vector(a))
    a = a / a[..., :1]
    n = a.shape[-1] - 1
    if n <= 1:
        return -a[..., 1:, None] if n == 1 else a[..., :0]
    coefficients, ones = np.zeros((2, n, n), int)
    ones[range(3, n, 2), range(1, n - 2, 2)] = 1
    ones[range(0, n - 2, 2), range(2, n, 2)] = 1
    ones[1, 0] = 1
    coefficients[range(2, n, 2), range(1, n - 1, 2)] = range(3, n + 1, 2)
    coefficients[range(0, n - 1, 2), range(1, n, 2)] = range(2, n + 1, 2)
    coefficients[0, 0] = 1
    return masked(-a[..., coefficients], coefficients > 0) + ones.astype(a.dtype)


@define(scipy.linalg.convolution_matrix)
def convolution_matrix(a, n, mode):
    a = as_array(a)
    size = a.shape[-1]
    if n <= 0 or not size:
        raise ValueError("n must be a positive integer, and len(a) at least 1.")
    if mode not in ("full", "valid", "same"):
        raise ValueError("'mode' argument must be one of ('full', 'valid', 'same')")
    trim = {"full": 0, "same": min(n, size) - 1, "valid": 2 * (min(n, size) - 1)}[mode]
    first = trim // 2
    place = np.arange(first, size + n - 1 - (trim - first))[:, None] - np.arange(n)
    is_there = (place >= 0) & (place < size)
    return masked(a[..., np.where(is_there, place, 0)], is_there)


@define(scipy.linalg.block_diag)
def block_diag(*arrs):
    arrs = [anp.atleast_2d(as_array(each)) for each in arrs]
    lead = np.broadcast_shapes(*[each.shape[:-2] for each in arrs])
    dtype = np.result_type(*[each.dtype for each in arrs])
    width = sum(each.shape[-1] for each in arrs)
    rows, start = [], 0
    for each in arrs:
        m, n = each.shape[-2:]
        beside = [np.zeros((*lead, m, k), dtype) for k in (start, width - start - n)]
        rows.append(anp.concatenate([beside[0], anp.broadcast_to(each, (*lead, m, n)), beside[1]], axis=-1))
        start += n
    return anp.concatenate(rows, axis=-2)


@define(scipy.linalg.khatri_rao)
def khatri_rao(a, b):
    a, b = as_array(a), as_array(b)
    product = a[..., :, None, :] * b[..., None, :, :]
    return anp.reshape(product, (*product.shape[:-3], -1, product.shape[-1]))


if hasattr(scipy.linalg, "kron"):  # until SciPy 1.16

    @define(scipy.linalg.kron)
    def kron(a, b):
        return anp.kron(a, b)
