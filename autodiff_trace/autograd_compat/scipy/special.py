"""``autograd.scipy.special``: all functions of SciPy's module; those that have a derivative in an argument have it."""

from __future__ import annotations

import math

from ...scipy import special as native
from ...transforms import products
from ..pullbacks import pullback

__all__ = native.__all__

globals().update({name: getattr(native, name) for name in native.__all__})

root_pi = math.sqrt(math.pi)
inv_root_pi = 1 / root_pi


def make_gammainc_vjp_arg1(sign):
    """The rule of ``gammainc`` (of ``gammaincc`` for a sign of -1) in its second argument."""
    return lambda ans, a, x: pullback(native.gammainc if sign > 0 else native.gammaincc, 1, a, x)


def make_grad_logsumexp(ans, x, axis=None, b=1.0, keepdims=False):
    """The rule of ``logsumexp``."""
    return pullback(native.logsumexp, 0, x, axis=axis, b=b, keepdims=keepdims)


def fwd_grad_logsumexp(g, ans, x, axis=None, b=1.0, keepdims=False):
    """The tangent of ``logsumexp``."""
    return products.jvp(lambda x: native.logsumexp(x, axis=axis, b=b, keepdims=keepdims), (x,), (g,))[1]
