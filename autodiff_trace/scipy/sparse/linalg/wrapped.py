"""The public functions of ``scipy.sparse.linalg`` as primitives. Rules are written with these names."""

import scipy.sparse.linalg

from ...namespace import wrap_module

wrap_module(scipy.sparse.linalg, globals(), "aslinearoperator test use_solver")
