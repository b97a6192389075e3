"""``scipy.optimize``, traced: SciPy's solvers with exact derivatives, and derivatives of their solutions."""

from . import wrapped
from . import rosenbrock
from ..namespace import public_names

globals().update(public_names(wrapped))

from .callbacks import progress  # noqa: E402
from .combinatorial import linear_sum_assignment, milp, quadratic_assignment  # noqa: E402
from .curve_fitting import curve_fit  # noqa: E402
from .global_minimizing import (  # noqa: E402
    basinhopping, brute, differential_evolution, direct, dual_annealing, minimize_scalar, shgo,
)
from .least_squares import least_squares  # noqa: E402
from .linear_problems import linprog, lsq_linear, nnls  # noqa: E402
from .minimizing import minimize  # noqa: E402
from .roots import fixed_point, fsolve, root  # noqa: E402
from .scalar_roots import bisect, brenth, brentq, newton, ridder, root_scalar, toms748  # noqa: E402

__all__ = sorted({*public_names(wrapped), "progress"})
