"""Rules of least squares and norms: pinv, pinvh, lstsq, norm, subspace_angles. They are those of NumPy's functions."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.primitives import nondifferentiable
from ...core.traits import declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_matrix
from ...numpy.definers import define
from ...numpy.rules.matrices import adjoint, mirror_triangle
from ...numpy.rules.solving import pseudoinverse
from .operands import array

__all__: list[str] = []


@nondifferentiable
def cutoff_and_rank(a, atol, rtol):
    """The part of the largest singular value at which singular values are cut off, and how many are left."""
    s = np.linalg.svd(a, compute_uv=False)
    largest = s.max(axis=-1, initial=0)
    atol = 0.0 if atol is None else atol
    rtol = max(a.shape[-2:]) * np.finfo(s.dtype).eps if rtol is None else rtol
    if atol < 0 or rtol < 0:
        raise ValueError("atol and rtol values must be positive.")
    cutoff = rtol + atol / np.where(largest > 0, largest, 1)
    return cutoff, np.sum(s > (cutoff * largest)[..., None], axis=-1)


declare(cutoff_and_rank, batching=batch_matrix)


def inverse_of_rank(a, atol, rtol, return_rank):
    cutoff, rank = cutoff_and_rank(a, atol, rtol)
    ans = pseudoinverse(a, cutoff)
    return (ans, rank) if return_rank else ans


@define(scipy.linalg.pinv)
def pinv(a, *, atol=None, rtol=None, return_rank=False, check_finite=True):
    return inverse_of_rank(array(a, check_finite), atol, rtol, return_rank)


@define(scipy.linalg.pinvh)
def pinvh(a, atol, rtol, lower, return_rank, check_finite=True):
    return inverse_of_rank(mirror_triangle(array(a, check_finite), bool(lower)), atol, rtol, return_rank)


@define(scipy.linalg.lstsq)
def lstsq(a, b, cond, check_finite=True, lapack_driver=None, **hints):
    a, b = array(a, check_finite), array(b, check_finite)
    if a.ndim > 2:
        lead = a.shape[:-2]
        b = anp.broadcast_to(b, lead + b.shape[-2:])
        answers = [lstsq(a[i], b[i], cond, lapack_driver=lapack_driver) for i in np.ndindex(lead)]
        return tuple([stack_of(each, lead) for each in zip(*answers)])
    x, residuals, rank, s = np_linalg.lstsq(a, b, -1 if cond is None else cond)
    rank = anp.astype(rank, np.int64)  # (SciPy's is a number of Python's)
    if lapack_driver == "gelsy":
        return x, np.array([], x.dtype), rank, None
    if not residuals.size:
        residuals = np.empty(0, x.dtype)
    if b.ndim == 1 and residuals.shape == (1,):
        residuals = residuals[0]
    return x, residuals, rank, s


def stack_of(items, lead):
    """Arrays as a stack; None of Nones."""
    if items[0] is None:
        return None
    return anp.reshape(anp.stack(items), lead + items[0].shape)


@define(scipy.linalg.norm)
def norm(a, ord, axis, keepdims, check_finite=True):
    return np_linalg.norm(array(a, check_finite), ord, axis, keepdims)


# subspace_angles: of orthonormal bases the cosines are the singular values of Q_Aᴴ Q_B; where an angle is small, its
# sine is one of Q_B − Q_A Q_Aᴴ Q_B (A. Knyazev and M. Argentati, 2002). Columns have to be independent.


@define(scipy.linalg.subspace_angles)
def subspace_angles(A, B):
    a, b = np_linalg.qr(array(A, True))[0], np_linalg.qr(array(B, True))[0]
    if a.shape[-1] < b.shape[-1]:
        a, b = b, a
    product = adjoint(a) @ b
    cosines = np_linalg.svdvals(product)
    sines = np_linalg.svdvals(b - a @ product)
    is_small = anp.greater(cosines * cosines, 0.5)[..., ::-1]
    cosines = anp.where(is_small, 0, cosines[..., ::-1])
    return anp.where(is_small, anp.arcsin(anp.clip(anp.where(is_small, sines, 0), -1, 1)), anp.arccos(cosines))
