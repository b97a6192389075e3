"""``scipy.linalg``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import banded as banded
from . import factorizations as factorizations
from . import matrix_equations as matrix_equations
from . import orthogonal as orthogonal
from . import spectral as spectral
from . import systems as systems
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
