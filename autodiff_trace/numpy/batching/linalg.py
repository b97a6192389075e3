"""Batching of linear algebra: NumPy takes stacks of matrices, so the mapped axis is one more axis of a stack."""

from __future__ import annotations

import numpy as np

from ...core.batching import defbatch
from .. import linalg
from .. import wrapped as anp
from ..rules.determinants import inverse, minors
from ..rules.factorizations import factor_cotangent, lower_factor, lower_inverse, tall_qr
from ..rules.solving import pseudoinverse
from ..rules.repeated_values import limit_quotient, magnitude
from ..rules.singular_values import pair_rotation, singular_value_decomposition
from ..rules.spectral import condition, eigensystem, hermitian_eigensystem, hermitian_rotation, is_noise, rotation
from ..rules.tolerances import tolerance
from .elementwise import align, batch_elementwise, batch_first


def batch_solve(batch, prim, args, kwargs):
    """A right-hand side that is a vector is made a matrix first: in a stack it would be taken for one."""
    if kwargs:
        return NotImplemented
    (a, b), mapped = args, batch.mapped
    vector = np.ndim(b) - bool(mapped[1]) == 1
    x = prim(*align([a, anp.expand_dims(b, -1) if vector else b], mapped))
    return anp.squeeze(x, -1) if vector else x


def batch_stacks(batch, prim, args, kwargs):
    """A function of stacks of matrices, all of one shape."""
    return prim(*align(args, batch.mapped))


def batch_one_stack(batch, prim, args, kwargs):
    """A function of matrices, which would take a stack of vectors for one."""
    if not any(batch.mapped[1:]) and args[0].ndim < 3:
        ndim = args[0].ndim - 1
        raise np.linalg.LinAlgError(f"{prim.__name__}: a matrix is needed, not an array of {ndim} dimensions")
    return batch_first(batch, prim, args, kwargs)


defbatch(batch_one_stack, eigensystem, hermitian_eigensystem, linalg.det, linalg.inv, linalg.slogdet)
defbatch(batch_one_stack, inverse, lower_factor, lower_inverse, pseudoinverse, singular_value_decomposition, tall_qr)
def batch_matrices(batch, prim, args, kwargs):
    """A function of stacks of matrices, and of vectors of their size, that broadcasts what stands before."""
    return prim(*args)


defbatch(batch_elementwise, limit_quotient)
defbatch(batch_matrices, condition, hermitian_rotation, is_noise, magnitude, pair_rotation, rotation, tolerance)
defbatch(batch_solve, linalg.solve)
defbatch(batch_stacks, factor_cotangent, minors)
