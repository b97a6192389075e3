"""``scipy.integrate``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from ..namespace import public_names
from .initial_value import solve_ivp

globals().update({**public_names(wrapped), "solve_ivp": solve_ivp})
__all__ = sorted(public_names(wrapped))
