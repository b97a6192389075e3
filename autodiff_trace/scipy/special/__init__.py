"""``scipy.special``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import airy_functions
from . import bessel_integrals
from . import carlson_integrals
from . import cylinder_functions
from . import cumulative_distributions
from . import elliptic_integrals
from . import hypergeometric
from . import integral_functions
from . import inverse_distributions
from . import lambert_functions
from . import noncentral_distributions
from . import orthogonal_polynomials
from . import scaled_cylinder_functions
from . import spherical_bessel
from . import spherical_harmonics
from . import struve_functions
from . import zeta_functions
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
