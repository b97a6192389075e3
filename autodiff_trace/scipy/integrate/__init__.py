"""``scipy.integrate``, traced: the functions of SciPy's module under their own names."""

from . import samples, wrapped  # noqa: F401
from ..namespace import public_names
from .boundary_value import solve_bvp
from .initial_value import solve_ivp
from .odepack import odeint
from .quadrature import dblquad, fixed_quad, nquad, quad, quad_vec, tplquad

OWN = {
    function.__name__: function
    for function in (dblquad, fixed_quad, nquad, odeint, quad, quad_vec, solve_bvp, solve_ivp, tplquad)
}
"""Functions that take functions: no primitives, but made of them."""

globals().update({**public_names(wrapped), **OWN})
__all__ = sorted(public_names(wrapped))
