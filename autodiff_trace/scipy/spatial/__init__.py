"""``scipy.spatial``, traced: the functions of SciPy's module under their own names. Trees and hulls are SciPy's own."""

from . import wrapped
from . import distance as distance
from . import matrices as matrices
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted([*public_names(wrapped), "distance"])


def __getattr__(name):
    import scipy.spatial

    if name == "transform":  # SciPy's own
        return scipy.spatial.transform
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
