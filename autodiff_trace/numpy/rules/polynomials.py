"""Polynomials, given by their coefficients from the highest power down, by the arithmetic they are made of."""

from __future__ import annotations

import warnings

import numpy as np

from ...core.errors import TracedValueError
from ...core.primitives import nondifferentiable
from .. import linalg
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..canonical import as_array
from ..definers import define, defrules


def coefficients(p):
    """A polynomial as a vector of coefficients; ``poly1d`` and a number are polynomials, too."""
    p = as_array(p)
    if p.ndim > 1:
        raise ValueError(f"the coefficients of a polynomial are a vector, not an array of shape {p.shape}")
    return anp.reshape(p, -1)


def holds(condition):
    """Whether a condition on values holds; None if asked of a batch, whose elements have one shape and dtype."""
    try:
        return bool(condition)
    except TracedValueError:
        return None


def trimmed(p):
    """The coefficients without leading zeros, as ``poly1d`` keeps them; of the zero polynomial one zero is left."""
    p = coefficients(p)
    while p.size > 1 and holds(anp.equal(p[0], 0)):
        p = p[1:]
    return p


def pad_front(p, size):
    return anp.concatenate([np.zeros(size - p.size, p.dtype), p]) if size > p.size else p


@define(np.poly)
def poly(seq_of_zeros):
    zeros = as_array(seq_of_zeros)
    if zeros.ndim not in (1, 2):
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if zeros.ndim == 2:
        zeros = linalg.eigvals(zeros)
    zeros = anp.astype(zeros, np.mintypecode(zeros.dtype.char))
    if zeros.size == 0:
        return 1.0
    nothing = np.zeros(1, zeros.dtype)
    ans = np.ones(1, zeros.dtype)
    for zero in zeros:
        ans = anp.concatenate([ans, nothing]) - anp.concatenate([nothing, ans * zero])
    if zeros.dtype.kind == "c" and holds(anp.all(anp.equal(anp.sort(zeros), anp.sort(anp.conjugate(zeros))))):
        ans = anp.real(ans)  # conjugate pairs of zeros belong to real coefficients
    return ans


@define(np.polyadd)
def polyadd(a1, a2):
    a1, a2 = coefficients(a1), coefficients(a2)
    return pad_front(a1, a2.size) + pad_front(a2, a1.size)


@define(np.polyder)
def polyder(p, m=1):
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = as_array(p)
    for _ in range(int(m)):
        p = p[:-1] * np.arange(p.size - 1, 0, -1)
    return p


@define(np.polydiv)
def polydiv(u, v):
    u, v = coefficients(u), coefficients(v)
    dtype = anp.result_type(u, v, 0.0) if anp.result_type(u, v).kind in "iub" else anp.result_type(u, v)
    remainder, quotient = anp.astype(u, dtype), []
    for k in range(u.size - v.size + 1):
        factor = remainder[k] / v[0]
        quotient.append(factor)
        remainder = anp.concatenate([remainder[:k], remainder[k : k + v.size] - factor * v, remainder[k + v.size :]])
    if holds(anp.equal(remainder[0], 0)) is None:  # of a batch those that are zero but for rounding are dropped
        remainder = remainder[min(len(quotient), remainder.size - 1) :]
    while remainder.size > 1 and holds(anp.allclose(remainder[0], 0, rtol=1e-14)):
        remainder = remainder[1:]
    return (anp.stack(quotient) if quotient else np.zeros(1, dtype)), remainder


@define(np.polyfit)
def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    """Least squares with the columns of the Vandermonde matrix scaled to length 1, as NumPy does it."""
    x, y = as_array(x) + 0.0, as_array(y) + 0.0
    order = int(deg) + 1
    if deg < 0:
        raise ValueError("expected deg >= 0")
    if x.ndim != 1 or x.size == 0 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise TypeError(f"polyfit: x has shape {x.shape} and y {y.shape}, but x must be [n] and y [n] or [n, k], n > 0")
    rcond = x.size * np.finfo(x.dtype).eps if rcond is None else rcond
    left, right = anp.vander(x, order), y
    if w is not None:
        w = as_array(w) + 0.0
        if w.shape != x.shape:
            raise TypeError(f"polyfit: w has shape {w.shape}, but x has shape {x.shape}")
        left, right = left * w[:, None], (right.T * w).T
    scale = anp.sqrt(anp.sum(left * left, axis=0))
    left = left / scale
    if not (full or cov):
        warn_of_rank(linalg.matrix_rank(left, rtol=rcond), order)
        return (anp.matmul(linalg.pinv(left, rcond), right).T / scale).T
    solution, residuals, rank, singular_values = linalg.lstsq(left, right, rcond)
    solution = (solution.T / scale).T
    if full:
        return solution, residuals, rank, singular_values, rcond
    warn_of_rank(rank, order)
    covariance = linalg.inv(anp.dot(left.T, left)) / anp.outer(scale, scale)
    if cov != "unscaled":
        if x.size <= order:
            raise ValueError("the number of data points must exceed order to scale the covariance matrix")
        residuals = residuals / (x.size - order)
        return solution, covariance * residuals if y.ndim == 1 else covariance[:, :, None] * residuals
    return solution, covariance if y.ndim == 1 else covariance[:, :, None]


@nondifferentiable
def warn_of_rank(rank, order):
    """A primitive, so that it sees plain values in every mode."""
    if rank != order:
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=2)
    return rank


@define(np.polyint)
def polyint(p, m=1, k=None):
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    p = as_array(p)
    constants = np.zeros(m) if k is None else coefficients(k)
    if constants.size == 1 and m > 1:
        constants = anp.repeat(constants, m)
    if constants.size < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(int(m)):
        p = anp.concatenate([p / np.arange(p.size, 0, -1), constants[i : i + 1]])
    return p


@define(np.polymul)
def polymul(a1, a2):
    return anp.convolve(trimmed(a1), trimmed(a2))


@define(np.polysub)
def polysub(a1, a2):
    a1, a2 = coefficients(a1), coefficients(a2)
    return pad_front(a1, a2.size) - pad_front(a2, a1.size)


@define(np.polyval)
def polyval(p, x):
    if isinstance(x, np.poly1d):
        raise TypeError("polyval: a polynomial of a polynomial cannot be traced, because poly1d holds plain arrays")
    x = as_array(x)
    ans = anp.zeros_like(x)
    for coefficient in as_array(p):
        ans = ans * x + coefficient
    return ans


@define(np.vander)
def vander(x, N=None, increasing=False):
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    x = anp.astype(x, np.promote_types(x.dtype, int))  # as NumPy does: float32 becomes float64
    N = x.size if N is None else N
    powers = [anp.ones_like(x)]
    for _ in range(N - 1):
        powers.append(powers[-1] * x)
    return anp.stack(powers[:N] if increasing else powers[:N][::-1], axis=1) if N else np.zeros((x.size, 0), x.dtype)


# roots: p(r) = 0 stays so, dr = −dp(r) / p'(r), where dp(r) = Σⱼ dpⱼ rⁿ⁻ʲ. Infinite at a multiple root.


def roots_vjp(g, ans, p):
    return match_dtype(anp.dot(-g / anp.polyval(anp.polyder(p), ans), anp.vander(ans, p.size)), p.dtype)


def roots_jvp(t, ans, p):
    return match_dtype(-anp.polyval(t, ans) / anp.polyval(anp.polyder(p), ans), ans.dtype)


defrules(anp.roots, roots_vjp, roots_jvp, shaped_by_values=True)
