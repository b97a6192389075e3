"""``scipy.spatial.distance``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import pairs as pairs
from . import vectors as vectors
from ...namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
