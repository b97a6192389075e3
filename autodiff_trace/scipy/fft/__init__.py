"""``scipy.fft``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import cosine_transforms as _cosine_transforms, transforms as _transforms
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
