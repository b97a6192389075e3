"""``scipy.special``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import densities
from . import error_functions
from . import exponential_integrals
from . import gamma_functions
from . import incomplete_functions
from . import information
from . import logistic_functions
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
