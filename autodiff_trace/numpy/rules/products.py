"""Products of vectors and sequences: convolve, correlate, cross, kron."""

from __future__ import annotations

import numpy as np

from .. import wrapped as anp
from ..broadcasting import unbroadcast
from ..canonical import as_array
from ..definers import define, multilinear

# convolve: ansₙ = Σₖ aₖ vₙ₋ₖ, so āₖ = Σₙ gₙ vₙ₋ₖ, the valid part of the convolution of g with v reversed. Modes other
# than "full" give a part of the answer: the cotangent of the rest is zero.

MODES = {0: "valid", 1: "same", 2: "full", "valid": "valid", "same": "same", "full": "full"}


def full_cotangent(g, a, v, mode):
    """The cotangent of the full convolution, of length |a| + |v| − 1."""
    shorter = min(a.size, v.size)
    before, after = {
        "full": (0, 0),
        "same": ((shorter - 1) // 2, shorter // 2),
        "valid": (shorter - 1, shorter - 1),
    }[MODES[mode]]
    return anp.concatenate([np.zeros(before, g.dtype), g, np.zeros(after, g.dtype)]) if before or after else g


def convolve_vjp_a(g, ans, a, v, mode="full"):
    v = as_array(v)
    g = anp.convolve(full_cotangent(g, a, v, mode), anp.reshape(v, -1)[::-1], "valid")
    return unbroadcast(anp.reshape(g, a.shape), a)


def convolve_vjp_v(g, ans, a, v, mode="full"):
    return convolve_vjp_a(g, ans, v, a, mode)


multilinear(anp.convolve, convolve_vjp_a, convolve_vjp_v)


@define(np.correlate)
def correlate(a, v, mode="valid"):
    a, v = as_array(a), as_array(v)
    v = anp.conjugate(v) if v.dtype.kind == "c" else v
    if a.size < v.size:  # NumPy exchanges the two and reverses the answer; "same" rounds to the other side
        return anp.convolve(v, anp.reshape(a, -1)[::-1], mode)[::-1]
    return anp.convolve(a, anp.reshape(v, -1)[::-1], mode)


# cross


@define(np.cross)
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    if axis is not None:
        axisa = axisb = axisc = axis
    a = anp.moveaxis(as_array(a), axisa, -1)
    b = anp.moveaxis(as_array(b), axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(f"cross: the vectors have {a.shape[-1]} and {b.shape[-1]} components; 2 or 3 are possible")
    x = [a[..., i] for i in range(a.shape[-1])]
    y = [b[..., i] for i in range(b.shape[-1])]
    z = x[0] * y[1] - x[1] * y[0]
    if len(x) == len(y) == 2:
        return z
    # A vector of two components lies in the plane of the third.
    x2_y1, x2_y0 = (x[2] * y[1], x[2] * y[0]) if len(x) == 3 else (0, 0)
    x1_y2, x0_y2 = (x[1] * y[2], x[0] * y[2]) if len(y) == 3 else (0, 0)
    return anp.moveaxis(anp.stack([x1_y2 - x2_y1, x2_y0 - x0_y2, z], axis=-1), -1, axisc)


# kron: each element of a times the whole of b, kron(a, b)[i |b| + k] = aᵢ bₖ along each axis


@define(np.kron)
def kron(a, b):
    a, b = as_array(a), as_array(b)
    ndim = max(a.ndim, b.ndim)
    a_shape = (1,) * (ndim - a.ndim) + a.shape
    b_shape = (1,) * (ndim - b.ndim) + b.shape
    blocks = anp.reshape(a, [size for n in a_shape for size in (n, 1)])
    within = anp.reshape(b, [size for n in b_shape for size in (1, n)])
    return anp.reshape(blocks * within, [n * m for n, m in zip(a_shape, b_shape)])
