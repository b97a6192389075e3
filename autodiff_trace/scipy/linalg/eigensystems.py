"""Rules of eigenvalues and vectors of matrices without symmetry: eig, eigvals. They are those of NumPy's."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.primitives import nondifferentiable
from ...core.traits import declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned
from ...numpy.definers import define
from ...numpy.rules.matrices import adjoint, row
from .operands import array, in_columns, over_stacks, phases
from .spectral import refuse

__all__: list[str] = []


# eig: LAPACK's driver is NumPy's. Values are complex, vectors as the values make them. Left vectors are the columns of
# V⁻ᴴ, made of length 1. With B they are those of B⁻¹ A, which has to exist, in SciPy's order.


@nondifferentiable
@over_stacks(3)
def general_order(a, b, v):
    """For each value of SciPy's the number of the vector that belongs to it."""
    w = scipy.linalg.eigvals(a, b, check_finite=False)
    left = b @ v
    ratios = np.sum(left.conj() * (a @ v), axis=0) / np.sum(left.conj() * left, axis=0)
    order, distances = [], np.abs(w[:, None] - ratios)
    for line in distances:
        order.append(int(np.argmin(line)))
        distances[:, order[-1]] = np.inf
    return np.array(order, dtype=int)


@nondifferentiable
@over_stacks(2)
def standard_phases(a, v, is_left):
    return phases(v, scipy.linalg.eig(a, left=is_left, right=not is_left, check_finite=False)[1])


@nondifferentiable
@over_stacks(3)
def general_phases(a, b, v, is_left):
    return phases(v, scipy.linalg.eig(a, b, left=is_left, right=not is_left, check_finite=False)[1])


declare(general_order, standard_phases, general_phases, batching=batch_aligned)


def as_scipy_turns(a, b, v, is_left):
    return v * row(standard_phases(a, v, is_left) if b is None else general_phases(a, b, v, is_left))


def general_pairs(a, b, homogeneous_eigvals, check_finite):
    if homogeneous_eigvals:
        refuse("eig", "homogeneous_eigvals", "pairs of numbers have a common factor that is a choice")
    a = array(a, check_finite)
    if b is None:
        w, v = np_linalg.eig(a)
    else:
        b = array(b, check_finite)
        w, v = np_linalg.eig(np_linalg.solve(b, a))
        order = general_order(a, b, v)
        w, v = anp.take_along_axis(w, order, axis=-1), in_columns(v, order)
    return anp.astype(w, np.result_type(w.dtype, np.complex64)), v


@define(scipy.linalg.eig)
def eig(a, b, left, right, check_finite=True, homogeneous_eigvals=False, **hints):
    w, v = general_pairs(a, b, homogeneous_eigvals, check_finite)
    a, b = array(a), None if b is None else array(b)
    turned = as_scipy_turns(a, b, v, False) if right else v
    if not left:
        return (w, turned) if right else w
    u = adjoint(np_linalg.inv(v if b is None else b @ v))
    u = as_scipy_turns(a, b, u / row(np_linalg.norm(u, axis=-2)), True)
    return (w, u, turned) if right else (w, u)


@define(scipy.linalg.eigvals)
def eigvals(a, b, check_finite=True, homogeneous_eigvals=False, **hints):
    return general_pairs(a, b, homogeneous_eigvals, check_finite)[0]
