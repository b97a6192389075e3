"""``scipy.fft``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import cosine_transforms as cosine_transforms
from . import transforms as transforms
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
