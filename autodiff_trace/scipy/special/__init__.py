"""``scipy.special``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import airy_functions as airy_functions
from . import bessel_integrals as bessel_integrals
from . import carlson_integrals as carlson_integrals
from . import cumulative_distributions as cumulative_distributions
from . import cylinder_functions as cylinder_functions
from . import densities as densities
from . import differential_equations as differential_equations
from . import elliptic_integrals as elliptic_integrals
from . import empirical_distributions as empirical_distributions
from . import error_functions as error_functions
from . import exponential_integrals as exponential_integrals
from . import further_functions as further_functions
from . import gamma_functions as gamma_functions
from . import hypergeometric as hypergeometric
from . import incomplete_functions as incomplete_functions
from . import information as information
from . import integral_functions as integral_functions
from . import inverse_distributions as inverse_distributions
from . import lambert_functions as lambert_functions
from . import logistic_functions as logistic_functions
from . import noncentral_distributions as noncentral_distributions
from . import orthogonal_polynomials as orthogonal_polynomials
from . import scaled_cylinder_functions as scaled_cylinder_functions
from . import spherical_bessel as spherical_bessel
from . import spherical_harmonics as spherical_harmonics
from . import struve_functions as struve_functions
from . import zeta_functions as zeta_functions
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
