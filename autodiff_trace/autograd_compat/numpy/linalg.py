"""``autograd.numpy.linalg``: the native functions, and rules of theirs in autograd's form."""

from __future__ import annotations

from functools import partial

import numpy.linalg as npla

from ...numpy import linalg as native
from .. import builtins as builtins
from ..extend import defjvp as defjvp, defvjp as defvjp
from ..pullbacks import pullback_of, pullback_of_each, pushforward_of
from . import numpy_wrapper as anp
from .numpy_wrapper import wrap_namespace

wrap_namespace(vars(npla), globals())
_primitive_norm = native.norm
_dot = partial(anp.einsum, "...ij,...jk->...ik")

grad_cholesky = pullback_of(native.cholesky)
grad_eig = pullback_of(native.eig)
grad_eigh = pullback_of(native.eigh)
grad_inv = pullback_of(native.inv)
grad_pinv = pullback_of(native.pinv)
grad_solve = pullback_of_each(native.solve)
grad_svd = pullback_of(native.svd)
norm_vjp = pullback_of(native.norm)
norm_jvp = pushforward_of(native.norm)


def T(x):
    """The transposes of a stack of matrices."""
    return anp.swapaxes(x, -1, -2)


def add2d(x):
    """``x`` with two more axes at its end."""
    return anp.expand_dims(x, (-2, -1))


def _diag(a):
    return a * anp.eye(anp.shape(a)[-1])


def _matrix_diag(a):
    return _diag(anp.expand_dims(a, -2))
