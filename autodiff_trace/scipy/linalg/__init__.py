"""``scipy.linalg``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import banded as banded
from . import banded_spectra as banded_spectra
from . import choices as choices
from . import eigensystems as eigensystems
from . import factorizations as factorizations
from . import least_squares as least_squares
from . import matrix_equations as matrix_equations
from . import matrix_functions as matrix_functions
from . import matrix_roots as matrix_roots
from . import orthogonal as orthogonal
from . import schur_forms as schur_forms
from . import special_matrices as special_matrices
from . import spectral as spectral
from . import systems as systems
from . import toeplitz_systems as toeplitz_systems
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
