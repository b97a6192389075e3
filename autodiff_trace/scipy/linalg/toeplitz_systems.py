"""Rules of systems that a few numbers fill: solve_toeplitz, matmul_toeplitz, solve_circulant.

A Toeplitz matrix is kept as the numbers of its diagonals, from the upper right corner to the lower left: ``v[i - j + n
- 1]`` is the element (i, j) of one with n columns. They are a column, so that stacks of them are stacks of matrices.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.linalg

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import ANSWER, declare
from ...numpy import fft
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned
from ...numpy.broadcasting import broadcast_tangent, match_dtype, unbroadcast
from ...numpy.definers import define, defrules
from ...numpy.rules.matrices import column
from .operands import array, as_columns, over_stacks

__all__ = ["diagonals_of"]


def convolved(x, y):
    """The convolution of columns with columns."""
    size = x.shape[-2] + y.shape[-2] - 1
    n = scipy.fft.next_fast_len(size, real=True)
    dtype = np.result_type(x.dtype, y.dtype)
    if dtype.kind == "c":
        ans = fft.ifft(fft.fft(x, n, axis=-2) * fft.fft(y, n, axis=-2), n, axis=-2)
    else:
        ans = fft.irfft(fft.rfft(x, n, axis=-2) * fft.rfft(y, n, axis=-2), n, axis=-2)
    return match_dtype(ans[..., :size, :], dtype)


def toeplitz_times(values, x):
    """The product of a matrix with ``values`` on its diagonals and the columns of ``x``."""
    n = x.shape[-2]
    return convolved(values, x)[..., n - 1 : values.shape[-2], :]


def sums_of_diagonals(x, y):
    """What the diagonals of X Yᵀ add up to, as a column."""
    return anp.sum(convolved(x, y[..., ::-1, :]), axis=-1, keepdims=True)


# dX = T⁻¹ (dB − dT X), so gB = T⁻ᵀ g, and of −gB Xᵀ the sums of the diagonals


@primitive
@over_stacks(2)
def toeplitz_solution(values, b):
    n = len(b)
    values = values[:, 0]
    return scipy.linalg.solve_toeplitz((values[n - 1 :], values[n - 1 :: -1]), b, check_finite=False)


def solution_vjp(argnums, g, ans, args, kwargs):
    values, b = args
    gb = toeplitz_solution(values[..., ::-1, :], g)
    rules = [lambda: unbroadcast(-sums_of_diagonals(gb, ans), values), lambda: unbroadcast(gb, b)]
    return [rules[argnum]() for argnum in argnums]


defvjp_all(toeplitz_solution, solution_vjp)
defjvp(
    toeplitz_solution,
    lambda t, ans, values, b: broadcast_tangent(-toeplitz_solution(values, toeplitz_times(t, ans)), ans),
    lambda t, ans, values, b: broadcast_tangent(toeplitz_solution(values, t), ans),
)
declare(
    toeplitz_solution, batching=batch_aligned, unread={0: (1,), 1: (1, ANSWER), (0, 1): (1,)}, owns_memory=True,
)


def diagonals_of(c_or_cr, check_finite):
    """The numbers of the diagonals, and of how many columns: of the first column c, and the first row r or conj(c)."""
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    c = array(c, check_finite)
    r = (anp.conjugate(c) if c.dtype.kind == "c" else c) if r is None else array(r, check_finite)
    lead = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
    c, r = anp.broadcast_to(c, (*lead, c.shape[-1])), anp.broadcast_to(r, (*lead, r.shape[-1]))
    return column(anp.concatenate([r[..., :0:-1], c], axis=-1)), r.shape[-1]


@define(scipy.linalg.solve_toeplitz)
def solve_toeplitz(c_or_cr, b, check_finite=True):
    values, _ = diagonals_of(c_or_cr, check_finite)
    b, restore = as_columns(array(b, check_finite))
    return restore(toeplitz_solution(values, b))


@define(scipy.linalg.matmul_toeplitz)
def matmul_toeplitz(c_or_cr, x, check_finite=False, workers=None):
    values, n = diagonals_of(c_or_cr, check_finite)
    x, restore = as_columns(array(x, check_finite))
    if x.shape[-2] != n:
        raise ValueError(f"matmul_toeplitz: a matrix of {n} columns and {x.shape[-2]} rows do not fit")
    return restore(toeplitz_times(values, x))


# solve_circulant: a division of spectra


@primitive
def regular_spectrum(spectrum, tol):
    """``spectrum`` itself; an error where it is near 0."""
    size = np.abs(spectrum)
    if tol is None:
        tol = size.max(axis=-1, keepdims=True) * spectrum.shape[-1] * np.finfo(np.float64).eps
    if np.any(size <= tol):
        raise np.linalg.LinAlgError("near singular circulant matrix.")
    return spectrum


unchanged = lambda g, ans, spectrum, tol: g, None
defrules(regular_spectrum, unchanged, unchanged, batching=batch_aligned, linear_in=(0,))


@define(scipy.linalg.solve_circulant)
def solve_circulant(c, b, singular, tol, caxis, baxis, outaxis):
    if singular != "raise":
        raise ValueError(f"solve_circulant: singular={singular!r} cannot be traced: the rank would be a choice")
    c, b = anp.moveaxis(array(c), caxis, -1), anp.moveaxis(array(b), baxis, -1)
    if c.shape[-1] != b.shape[-1]:
        raise ValueError(f"Shapes of c {c.shape} and b {b.shape} are incompatible")
    x = fft.ifft(fft.fft(b) / regular_spectrum(fft.fft(c), tol))
    if "c" not in (c.dtype.kind, b.dtype.kind):
        x = anp.real(x)
    return anp.moveaxis(x, -1, outaxis)
