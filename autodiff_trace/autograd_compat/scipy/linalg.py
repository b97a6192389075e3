"""``autograd.scipy.linalg``: all functions of SciPy's module, with derivatives in each argument that has one."""

from __future__ import annotations

from ...scipy import linalg as native
from ..pullbacks import pullback

__all__ = native.__all__

globals().update({name: getattr(native, name) for name in native.__all__})


def grad_solve_triangular(ans, a, b, trans=0, lower=False, **kwargs):
    """The rule of ``solve_triangular`` in the matrix."""
    return pullback(native.solve_triangular, 0, a, b, trans=trans, lower=lower, **kwargs)


def grad_solve_banded(argnum, ans, l_and_u, a, b):
    """The rule of ``solve_banded`` in one argument."""
    return pullback(native.solve_banded, argnum, l_and_u, a, b)
