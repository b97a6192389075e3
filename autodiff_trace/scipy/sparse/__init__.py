"""``scipy.sparse``, traced: the functions of SciPy's module under their own names.

The numbers of sparse arrays may be traced (``csr_array((data, indices, indptr))`` …), and SciPy's own sparse matrices
stand beside traced arrays as constants: ``A @ x``.
"""

from . import wrapped
from . import choices as choices
from . import constants as constants
from .arrays import SparseArray as SparseArray
from .formats import FORMATS
from ..namespace import public_names

globals().update(public_names(wrapped))
globals().update(FORMATS)


def __getattr__(name):
    if name == "linalg":
        from importlib import import_module

        return import_module(f"{__name__}.linalg")
    import scipy.sparse

    if name == "csgraph":  # SciPy's own
        return scipy.sparse.csgraph
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = sorted([*public_names(wrapped), "SparseArray", "linalg"])
