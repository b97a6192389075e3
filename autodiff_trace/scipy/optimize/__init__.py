"""``scipy.optimize``, traced: SciPy's solvers with exact derivatives, and derivatives of their solutions."""

from . import wrapped
from . import rosenbrock
from ..namespace import public_names

globals().update(public_names(wrapped))

from .callbacks import progress  # noqa: E402
from .minimizing import minimize  # noqa: E402

__all__ = sorted({*public_names(wrapped), "minimize", "progress"})
