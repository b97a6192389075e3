"""Functions of ``scipy.sparse`` that read a pattern alone, and those that are not there for traced numbers."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from ..plain_arguments import refuses
from .arrays import SparseArray, as_sparse
from .formats import define_sparse, kron
from .products import csr_of

__all__ = ["pattern_alone", "refuse_all"]


def refuse_all(module, instead):
    """Refuse functions of a module by name, of traced arguments."""
    for name, text in instead.items():
        if hasattr(module, name):
            define_sparse(getattr(module, name))(refuses(name, text))


def pattern_alone(x):
    """SciPy's matrix with ones in the place of traced numbers."""
    return csr_of(np.ones(x.nnz), *x.places) if isinstance(x, SparseArray) else x


refuse_all(scipy.sparse, dict.fromkeys(
    ("expand_dims", "permute_dims", "swapaxes"), "Traced sparse arrays have two dimensions: write A.T."
))


@define_sparse(scipy.sparse.isspmatrix)
def isspmatrix(x):
    return x.is_matrix


for _format in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
    define_sparse(getattr(scipy.sparse, f"isspmatrix_{_format}"))(
        lambda x, format=_format: x.is_matrix and x.format == format
    )


@define_sparse(scipy.sparse.find)
def find(A):
    a = as_sparse(A)
    return a.pattern.rows, a.pattern.indices, a.values


@define_sparse(scipy.sparse.kronsum)
def kronsum(A, B, format=None):
    (m, _), (n, _) = as_sparse(A).shape, as_sparse(B).shape
    return (kron(scipy.sparse.eye_array(n), A) + kron(B, scipy.sparse.eye_array(m))).asformat(format)
