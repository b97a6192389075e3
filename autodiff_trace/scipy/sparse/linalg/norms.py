"""Rules of norms and powers of sparse matrices."""

from __future__ import annotations

import numpy as np
import scipy.sparse.linalg

from ....numpy import linalg as np_linalg
from ....numpy import wrapped as anp
from ..arrays import as_sparse, sparse_power
from ..formats import define_sparse

__all__: list[str] = []


@define_sparse(scipy.sparse.linalg.norm)
def norm(x, ord=None, axis=None):
    x = as_sparse(x)
    if axis is None and ord in (None, "fro", "f"):
        return np_linalg.norm(x.values)
    if isinstance(axis, tuple) and len(axis) == 2 or axis is None:
        if ord in (1, -1, np.inf, -np.inf):
            sums = abs(x).sum(axis=0 if ord in (1, -1) else 1)
            return anp.max(sums) if ord > 0 else anp.min(sums)
        raise NotImplementedError(f"norm: ord={ord!r} of a sparse matrix is not there; 1, -1, inf, -inf and 'fro' are")
    axis = axis[0] if isinstance(axis, tuple) else axis
    return np_linalg.norm(x.toarray(), ord, axis)


if hasattr(scipy.sparse.linalg, "matrix_power"):  # since SciPy 1.12

    @define_sparse(scipy.sparse.linalg.matrix_power)
    def matrix_power(A, power):
        return sparse_power(as_sparse(A), power)
