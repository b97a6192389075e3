"""``scipy.ndimage``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import linear_filters as linear_filters
from . import selections as selections
from . import spectral_filters as spectral_filters
from . import steps as steps
from . import transformations as transformations
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
