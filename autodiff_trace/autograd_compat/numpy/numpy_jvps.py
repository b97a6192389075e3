"""``autograd.numpy.numpy_jvps``: what rules of forward mode are made of, and rules in autograd's form."""

from __future__ import annotations

import numpy as onp

from ... import numpy as native
from ...numpy.array_box import ArrayBox as ArrayBox
from ..extend import (
    JVPNode as JVPNode, def_linear as def_linear, defjvp as defjvp, defjvp_argnum as defjvp_argnum,
    register_notrace as register_notrace, vspace as vspace,
)
from ..util import func as func
from ..pullbacks import pushforward_of
from . import numpy_wrapper as anp
from .numpy_vjps import (
    balanced_eq as balanced_eq, dot_adjoint_0 as dot_adjoint_0, dot_adjoint_1 as dot_adjoint_1, grad_chooser,
    match_complex as match_complex, nograd_functions as nograd_functions, replace_zero as replace_zero,
    tensordot_adjoint_0 as tensordot_adjoint_0, tensordot_adjoint_1 as tensordot_adjoint_1, untake as untake,
)


def broadcast(x, target):
    """The tangent ``x``, stretched to the shape of ``target``, and complex if that is."""
    shape = native.broadcast_shapes(native.shape(x), native.shape(target))
    if shape != native.shape(x):
        x = native.broadcast_to(x, shape)
    return x + 0j if native.iscomplexobj(target) and not native.iscomplexobj(x) else x


def fwd_grad_chooser(g, ans, x, axis=None, keepdims=False, **kwargs):
    """The rule of a function that takes one element, or one an axis: the mean of those that are equal."""
    share = grad_chooser(ans, x, axis, keepdims)(onp.ones(native.shape(ans)))
    return native.sum(g * share, axis=axis, keepdims=keepdims)


def fwd_grad_concatenate_args(argnum, g, ans, axis_args, kwargs):
    arrays = [g if i == argnum else onp.zeros(native.shape(x)) for i, x in enumerate(axis_args[1:], 1)]
    return anp.concatenate_args(axis_args[0], *arrays)


def atleast_jvpmaker(fun):
    """The rule of ``atleast_1d`` and its kin, of one array."""

    def jvp(g, ans, *arys):
        if len(arys) > 1:
            raise NotImplementedError("only one array.")
        return fun(g)

    return jvp


forward_grad_np_std = pushforward_of(native.std)
forward_grad_np_var = pushforward_of(native.var)
fwd_grad_partition = pushforward_of(native.partition)
fwd_grad_sort = pushforward_of(native.sort)
np_abs_jvp = pushforward_of(native.absolute)
np_conj_jvp = pushforward_of(native.conjugate)
