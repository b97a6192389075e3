"""``scipy.optimize``, traced: SciPy's solvers with exact derivatives, and derivatives of their solutions."""

from . import wrapped
from . import (
    combinatorial, curve_fitting, global_minimizing, isotonic, linear_problems, minimizing, nonlinear_least_squares,
    older_functions, progress_lines, rosenbrock, roots, scalar_roots,
)
from ..namespace import public_names

SOLVERS = (
    combinatorial, curve_fitting, global_minimizing, isotonic, linear_problems, minimizing, nonlinear_least_squares,
    older_functions, progress_lines, rosenbrock, roots, scalar_roots,
)

globals().update(public_names(wrapped))
for module in SOLVERS:
    globals().update({name: getattr(module, name) for name in module.__all__})

__all__ = sorted({*public_names(wrapped), *progress_lines.__all__})
