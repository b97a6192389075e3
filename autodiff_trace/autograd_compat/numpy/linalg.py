"""``autograd.numpy.linalg``: the native functions, and rules of theirs in autograd's form."""

from __future__ import annotations

from functools import partial

import numpy.linalg as npla

from ...core.primitives import primitive as native_primitive
from ...numpy import linalg as native
from ...numpy.definers import defrules
from .. import builtins as builtins
from ..extend import defjvp as defjvp, defvjp as defvjp
from ..pullbacks import pullback_of, pullback_of_each, pushforward_of
from . import numpy_wrapper as anp
from .native_forms import note_primitive
from .numpy_wrapper import wrap_namespace

wrap_namespace(vars(npla), globals())
_primitive_norm = native.norm
_dot = partial(anp.einsum, "...ij,...jk->...ik")

grad_eig = pullback_of(native.eig)
grad_eigh = pullback_of(native.eigh)
grad_inv = pullback_of(native.inv)
grad_pinv = pullback_of(native.pinv)
grad_solve = pullback_of_each(native.solve)
grad_svd = pullback_of(native.svd)
norm_vjp = pullback_of(native.norm)
norm_jvp = pushforward_of(native.norm)


@native_primitive
def as_symmetric(A):
    """``A``, whose derivatives are those of symmetric matrices."""
    return A


def symmetric_part(g, ans, A):
    return (g + T(g)) / 2.0


defrules(as_symmetric, symmetric_part, symmetric_part)


def cholesky(a, *args, **kwargs):
    """``np.linalg.cholesky``. It reads one triangle; its gradient is that along symmetric matrices, as in autograd."""
    return native.cholesky(a if anp.iscomplexobj(a) else as_symmetric(a), *args, **kwargs)


note_primitive(cholesky, npla.cholesky)
grad_cholesky = pullback_of(cholesky)


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
