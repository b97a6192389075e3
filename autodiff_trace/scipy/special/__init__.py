"""``scipy.special``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import airy_functions  # noqa: F401
from . import bessel_integrals  # noqa: F401
from . import carlson_integrals  # noqa: F401
from . import cylinder_functions  # noqa: F401
from . import cumulative_distributions  # noqa: F401
from . import elliptic_integrals  # noqa: F401
from . import hypergeometric  # noqa: F401
from . import integral_functions  # noqa: F401
from . import inverse_distributions  # noqa: F401
from . import lambert_functions  # noqa: F401
from . import noncentral_distributions  # noqa: F401
from . import orthogonal_polynomials  # noqa: F401
from . import scaled_cylinder_functions  # noqa: F401
from . import spherical_bessel  # noqa: F401
from . import spherical_harmonics  # noqa: F401
from . import struve_functions  # noqa: F401
from . import zeta_functions  # noqa: F401
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
