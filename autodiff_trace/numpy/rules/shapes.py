"""Rules of the functions that only arrange elements in another shape, and of casts."""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from .. import wrapped as anp
from ..broadcasting import match_dtype, sum_to
from ..definers import linear


def inverse_transpose(g, ans, a, axes=None):
    if axes is None:
        return anp.transpose(g)
    return anp.transpose(g, tuple(np.argsort([axis % len(axes) for axis in axes])))


def inverse_reshape(g, ans, a, shape=None, order="C", *, newshape=None, copy=None):
    return anp.reshape(g, a.shape, order=definite_order(order))


def inverse_ravel(g, ans, a, order="C"):
    return anp.reshape(g, a.shape, order=definite_order(order))


def definite_order(order):
    """Orders A and K mean what the memory of one array says: its cotangent lies elsewhere."""
    if order not in ("C", "F"):
        raise ValueError(f"order={order!r} depends on the memory layout, which a cotangent does not share: use 'C' or 'F'")
    return order


linear(anp.broadcast_to, transpose=lambda g, ans, x, shape, subok=False: sum_to(g, x.shape))
linear(anp.copy, transpose=lambda g, ans, x, order="K", subok=False: g)
linear(anp.expand_dims, transpose=lambda g, ans, x, axis: anp.reshape(g, x.shape))
linear(anp.ravel, transpose=inverse_ravel)
linear(anp.reshape, transpose=inverse_reshape)
linear(anp.squeeze, transpose=lambda g, ans, x, axis=None: anp.reshape(g, x.shape))
linear(anp.swapaxes, transpose=lambda g, ans, x, axis1, axis2: anp.swapaxes(g, axis1, axis2))
linear(anp.transpose, transpose=inverse_transpose)
linear(match_dtype, transpose=lambda g, ans, x, dtype: match_dtype(g, x.dtype))
linear(sum_to, transpose=lambda g, ans, x, shape: anp.broadcast_to(g, x.shape))


# astype: into integers and booleans no derivative flows


def astype_vjp(g, ans, x, dtype, *args, **kwargs):
    return match_dtype(g, x.dtype) if ans.dtype.kind in "fc" else None


def astype_jvp(t, ans, x, dtype, *args, **kwargs):
    return match_dtype(t, ans.dtype) if ans.dtype.kind in "fc" else None


defvjp(anp.astype, astype_vjp)
defjvp(anp.astype, astype_jvp)
