"""``autograd.numpy.numpy_vjps``: what rules of reverse mode are made of, and rules in autograd's form.

The functions take plain arrays and boxes, so that rules made of them can be differentiated again. A ``meta`` is what
``numpy_wrapper.metadata`` gives.
"""

from __future__ import annotations

import math
from functools import partial as partial

import numpy as onp

from ... import numpy as native
from ...numpy.array_box import ArrayBox as ArrayBox
from ...numpy.rules.contractions import summed_axes
from ..extend import (
    SparseObject as SparseObject, VJPNode as VJPNode, defvjp as defvjp, defvjp_argnum as defvjp_argnum,
    primitive as primitive, register_notrace as register_notrace, vspace as vspace,
)
from ..util import func as func
from ..pullbacks import pullback_of, pullback_of_each
from . import numpy_wrapper as anp
from .native_forms import note_primitive

nograd_functions = [
    getattr(native, name) for name in """
        all allclose any argmax argmin argpartition argsort argwhere around array_equal array_equiv ceil count_nonzero
        empty_like equal fix flatnonzero floor floor_divide full_like greater greater_equal isclose iscomplex
        iscomplexobj isfinite isinf isnan isneginf isposinf isreal isscalar less less_equal logical_and logical_not
        logical_or logical_xor ndim nonzero not_equal ones_like result_type rint round searchsorted shape sign size
        trunc zeros_like
    """.split()
]

# Shapes and kinds of numbers


def match_complex(target, x):
    """``x``, real where ``target`` is real, complex where it is complex."""
    if native.iscomplexobj(target):
        return x if native.iscomplexobj(x) else x + 0j
    return native.real(x) if native.iscomplexobj(x) else x


def unbroadcast(x, target_meta, broadcast_idx=0):
    """``x`` summed to the shape of ``target_meta``, of which it has further axes at ``broadcast_idx``; real if that is.
    """
    shape, ndim, _, is_complex = target_meta
    x_shape, x_ndim, _, x_is_complex = anp.metadata(x)
    if x_shape == shape and x_is_complex <= is_complex:
        return x
    more = x_ndim - ndim
    if more > 0:
        first = broadcast_idx % x_ndim - (more - 1 if broadcast_idx < 0 else 0)
        x = native.sum(x, axis=tuple(range(first, first + more)))
    stretched = tuple([axis for axis, size in enumerate(shape) if size == 1 < native.shape(x)[axis]])
    if stretched:
        x = native.sum(x, axis=stretched, keepdims=True)
    return native.real(x) if x_is_complex and not is_complex else x


def unbroadcast_f(target, f):
    """The pullback ``f``, with what it gives summed to the shape of ``target``."""
    meta = anp.metadata(target)
    return lambda g: unbroadcast(f(g), meta)


def unbroadcast_einsum(x, target_meta, subscript):
    """The same for an operand of ``einsum`` with the list of axes ``subscript``: the further axes are its ellipsis."""
    if Ellipsis not in subscript:
        return x
    place = subscript.index(Ellipsis)
    return unbroadcast(x, target_meta, -1 if 0 < place == len(subscript) - 1 else place)


def repeat_to_match_shape(g, shape, dtype, axis, keepdims):
    """The cotangent ``g`` of a reduction of an array, repeated to the shape of that; and how often each element is."""
    if shape == ():
        return g, 1
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = {each % len(shape) for each in axes}
    kept = tuple([1 if each in axes else size for each, size in enumerate(shape)])
    repeated = native.broadcast_to(native.reshape(g, kept), shape)
    return native.astype(repeated, native.result_type(g, dtype)), math.prod([shape[each] for each in axes])


def reverse_axis(x, axis):
    return native.flip(x, axis)


def unpermuter(g, permutation):
    """``g`` before it was permuted: ``unpermuter(g[permutation], permutation)`` is ``g``."""
    return g[onp.argsort(permutation)]


def wrapped_reshape(x, *args, **kwargs):
    """The method ``reshape``, to which a shape may be given as several numbers."""
    return native.reshape(x, args if isinstance(args[0], int) else args[0], *args[1:] * isinstance(args[0], tuple),
                          **kwargs)


def _unpad(array, width):
    ends = onp.broadcast_to(onp.asarray(width), (array.ndim, 2)).tolist()
    return array[tuple([slice(before, size - after) for (before, after), size in zip(ends, array.shape)])]


# Choices


def balanced_eq(x, z, y):
    """1 where ``z`` is ``x`` alone, half where ``y`` is the same, 0 where it is ``y``."""
    return (x == z) / (1.0 + (x == y))


def replace_zero(x, val):
    """``x``, with ``val`` in the place of zeros."""
    return anp.where(x, x, val)


def grad_chooser(ans, x, axis=None, keepdims=None, **kwargs):
    """The rule of a function that takes one element, or one an axis: those that are equal share evenly."""
    shape, dtype = native.shape(x), native.result_type(x)
    chosen = native.equal(x, repeat_to_match_shape(ans, shape, dtype, axis, keepdims)[0])
    share = chosen / onp.sum(chosen, axis=axis, keepdims=True)
    return lambda g: repeat_to_match_shape(g, shape, dtype, axis, keepdims)[0] * share


def untake(x, idx, vs):
    """``x`` at the items ``idx`` of zeros of the vector space ``vs``; added up where one is named several times."""
    if isinstance(idx, list) and not any(isinstance(each, slice) for each in idx):
        idx = onp.array(idx, onp.int64)
    return native.add_at(onp.zeros(vs.shape, vs.dtype), idx, x)


# Adjoints of products, which read of their own operand the shape alone


def like(meta):
    """A stand-in for an array of this shape and dtype."""
    return onp.broadcast_to(onp.zeros((), meta[2]), meta[0])


def matmul_adjoint_0(B, G, A_meta, B_ndim):
    """The adjoint of ``A ↦ matmul(A, B)``."""
    return native.matmul.vjps[0](G, None, like(A_meta), B)


def matmul_adjoint_1(A, G, A_ndim, B_meta):
    """The adjoint of ``B ↦ matmul(A, B)``."""
    return native.matmul.vjps[1](G, None, A, like(B_meta))


def dot_adjoint_0(B, G, A_meta, B_meta):
    """The adjoint of ``A ↦ dot(A, B)``."""
    return native.dot.vjps[0](G, None, like(A_meta), B)


def dot_adjoint_1(A, G, A_meta, B_meta):
    """The adjoint of ``B ↦ dot(A, B)``."""
    return native.dot.vjps[1](G, None, A, like(B_meta))


def axes_of_product(axes, A_ndim, B_ndim):
    """The axes of both operands of a ``tensordot`` that are summed over, pair by pair, and those that are kept."""
    of_A, of_B = summed_axes(A_ndim, B_ndim, axes)
    kept_A, kept_B = ([i for i in range(ndim) if i not in summed] for ndim, summed in ((A_ndim, of_A), (B_ndim, of_B)))
    return of_A, of_B, kept_A, kept_B


def tensordot_adjoint_0(B, G, axes, A_ndim, B_ndim):
    """The adjoint of ``A ↦ tensordot(A, B, axes)``."""
    if B_ndim == 0:
        return G * B
    of_A, of_B, kept_A, kept_B = axes_of_product(axes, A_ndim, B_ndim)
    product = native.tensordot(G, B, ([*range(len(kept_A), native.ndim(G))], kept_B))
    order = kept_A + [axis for _, axis in sorted(zip(of_B, of_A))]  # which axis of A each of the product is
    return native.transpose(product, onp.argsort(order))


def tensordot_adjoint_1(A, G, axes, A_ndim, B_ndim):
    """The adjoint of ``B ↦ tensordot(A, B, axes)``."""
    if A_ndim == 0:
        return G * A
    of_A, of_B, kept_A, kept_B = axes_of_product(axes, A_ndim, B_ndim)
    product = native.tensordot(A, G, (kept_A, [*range(len(kept_A))]))
    order = [axis for _, axis in sorted(zip(of_A, of_B))] + kept_B
    return native.transpose(product, onp.argsort(order))


for _function in (dot_adjoint_0, dot_adjoint_1, tensordot_adjoint_0, tensordot_adjoint_1, untake):
    note_primitive(_function, _function)


def array_from_args_gradmaker(argnum, ans, args, kwargs):
    return lambda g: g[argnum - 2]


def array_from_scalar_or_array_gradmaker(ans, array_args, array_kwargs, scarray):
    return pullback_of(native.array)(ans, scarray, *array_args, **array_kwargs)


def grad_reshape_list(ans, *arys):
    if len(arys) > 1:
        raise NotImplementedError("only one array.")
    return lambda g: native.reshape(g, native.shape(arys[0]))


def grad_concatenate_args(argnum, ans, axis_args, kwargs):
    return pullback_of(anp.concatenate_args, argnum)(ans, *axis_args, **kwargs)


def grad_einsum(argnum, ans, operands_, kwargs):
    return pullback_of(native.einsum, argnum)(ans, *operands_, **kwargs)


dot_vjp_0, dot_vjp_1 = pullback_of(native.dot), pullback_of(native.dot, 1)
matmul_vjp_0, matmul_vjp_1 = pullback_of(native.matmul), pullback_of(native.matmul, 1)
tensordot_vjp_0, tensordot_vjp_1 = pullback_of(native.tensordot), pullback_of(native.tensordot, 1)
grad_inner, grad_kron = pullback_of_each(native.inner), pullback_of_each(native.kron)
grad_broadcast_to = pullback_of(native.broadcast_to)
grad_diff = pullback_of(native.diff)
grad_gradient = pullback_of(native.gradient)
grad_np_cumsum = pullback_of(native.cumsum)
grad_np_mean = pullback_of(native.mean)
grad_np_prod = pullback_of(native.prod)
grad_np_std = pullback_of(native.std)
grad_np_sum = pullback_of(native.sum)
grad_np_var = pullback_of(native.var)
grad_partition = pullback_of(native.partition)
grad_repeat = pullback_of(native.repeat)
grad_rollaxis = pullback_of(native.rollaxis)
grad_sort = pullback_of(native.sort)
grad_tile = pullback_of(native.tile)
grad_transpose = pullback_of(native.transpose)
np_abs_vjp = pullback_of(native.absolute)
np_conj_vjp = pullback_of(native.conjugate)
pad_vjp = pullback_of(native.pad)
