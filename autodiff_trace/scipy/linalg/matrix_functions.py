"""Rules of functions of matrices: expm, expm_frechet, logm, fractional_matrix_power, cosm and their kin.

The derivative of f at A in the direction E, Fréchet's, is the upper right block of f([[A, E], [0, A]]) (R. Mathias, "A
chain rule for matrix functions and applications", 1996). It is itself such a function, so that the identity, nested,
gives every order: the derivative in A of L(A, E) is the upper right block of L([[A, E], [0, A]], [[T, 0], [0, T]]).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.linalg

from ...core.errors import TracedValueError, caller_line
from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.tracer import is_box
from ...core.traits import ANSWER, ARGUMENTS, declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned, batch_matrix
from ...numpy.broadcasting import broadcast_tangent, match_dtype
from ...numpy.definers import define, defrules
from ...numpy.rules.matrices import transposed
from .operands import array, over_stacks

__all__ = ["refuse_estimates"]


def refuse_estimates(name, given):
    """SciPy's ``disp=False`` adds an estimate of the error, which depends on rounding."""
    if given.get("disp", True) is False:
        raise TracedValueError(
            f"{name}: disp=False is not there for traced values ({caller_line()}): an estimate of the rounding has no "
            "derivative. Leave it away, or take the plain value with to_numpy(x)."
        )


def block(a, upper, b):
    """[[A, U], [0, B]], of blocks of one shape."""
    shape = np.broadcast_shapes(a.shape, upper.shape, b.shape)
    a, upper, b = [anp.broadcast_to(x, shape) if x.shape != shape else x for x in (a, upper, b)]
    below = anp.concatenate([np.zeros(shape, b.dtype), b], axis=-1)
    return anp.concatenate([anp.concatenate([a, upper], axis=-1), below], axis=-2)


def halves(x):
    """The upper left, upper right and lower right block."""
    n = x.shape[-1] // 2
    return x[..., :n, :n], x[..., :n, n:], x[..., n:, n:]


def zeros_like(x):
    return np.zeros(x.shape, x.dtype)


def matrix_function(prim: Callable, change: Callable) -> None:
    """Give ``prim(a, *params)`` its rules, and those of ``change(a, e, *params)``, its derivative in the direction E.

    The transpose of E ↦ L(A, E) is L(Aᵀ, ·), of each function that has a power series.
    """

    def vjp(g, ans, a, *params):
        return match_dtype(change(transposed(a), g, *params), a.dtype)

    def jvp(t, ans, a, *params):
        return broadcast_tangent(change(a, t, *params), ans)

    defrules(prim, vjp, jvp, batching=batch_matrix, owns_memory=True, reads=ARGUMENTS)

    def change_vjp(argnums, g, ans, args, kwargs):
        a, e, *params = args
        cotangents = {}
        if 0 in argnums:
            # L([[A, E], [0, A]]ᵀ, [[0, g], [0, 0]]), with both blocks exchanged: an upper triangle of blocks stays one
            # when LAPACK computes its eigenvalues, so that double ones on a branch cut do not part.
            zero = zeros_like(g)
            lower_left = transposed(block(zero, transposed(g), zero))
            first, _, last = halves(change(block(*map(transposed, (a, e, a))), lower_left, *params))
            cotangents[0] = match_dtype(first + last, a.dtype)
        if 1 in argnums:
            cotangents[1] = match_dtype(change(transposed(a), g, *params), e.dtype)
        return [cotangents[argnum] for argnum in argnums]

    def change_jvp(t, ans, a, e, *params):
        upper = halves(change(block(a, e, a), block(t, zeros_like(t), t), *params))[1]
        return broadcast_tangent(upper, ans)

    defvjp_all(change, change_vjp)
    defjvp(change, change_jvp, lambda t, ans, a, e, *params: broadcast_tangent(change(a, t, *params), ans))
    declare(
        change, batching=batch_aligned, owns_memory=True,
        unread={0: (ANSWER,), 1: (1, ANSWER), (0, 1): (ANSWER,)},
    )


# expm, whose derivative SciPy has (A. Al-Mohy and N. Higham, "Computing the Fréchet derivative of the matrix
# exponential", 2009)


@primitive
@over_stacks(1)
def exponential(a):
    return scipy.linalg.expm(a)


@primitive
@over_stacks(2)
def exponential_change(a, e):
    return scipy.linalg.expm_frechet(a, e, compute_expm=False, check_finite=False)


matrix_function(exponential, exponential_change)


@define(scipy.linalg.expm)
def expm(A):
    return exponential(array(A))


@define(scipy.linalg.expm_frechet)
def expm_frechet(A, E, compute_expm, check_finite=True, **hints):
    a, e = array(A, check_finite), array(E, check_finite)
    change = exponential_change(a, e)
    return (exponential(a), change) if compute_expm else change


# logm, and powers that are no whole numbers


def in_double(function, a):
    """``function`` of a matrix, which SciPy computes and gives in double precision. Its estimates of norms draw
    random numbers, which are put back: the answer is a function of the matrix alone."""
    state = np.random.get_state()
    try:
        ans = function(a.astype(np.result_type(a, np.float64)))
    finally:
        np.random.set_state(state)
    return ans


def in_direction(function, a, e):
    """The derivative of ``function`` of one matrix, by the identity."""
    return halves(in_double(function, block(a, e, a)))[1]


@primitive
@over_stacks(1)
def logarithm(a):
    return in_double(scipy.linalg.logm, a)


@primitive
@over_stacks(2)
def logarithm_change(a, e):
    return in_direction(scipy.linalg.logm, a, e)


@primitive
@over_stacks(1)
def fractional_power(a, t):
    return in_double(lambda x: scipy.linalg.fractional_matrix_power(x, t), a)


@primitive
@over_stacks(2)
def fractional_power_change(a, e, t):
    return in_direction(lambda x: scipy.linalg.fractional_matrix_power(x, t), a, e)


matrix_function(logarithm, logarithm_change)
matrix_function(fractional_power, fractional_power_change)
declare(logarithm, logarithm_change, fractional_power, fractional_power_change, shaped_by_values=True)


@define(scipy.linalg.logm)
def logm(A, **older):
    refuse_estimates("logm", older)
    return logarithm(array(A))


@define(scipy.linalg.fractional_matrix_power)
def fractional_matrix_power(A, t):
    a = array(A)
    if is_box(t):  # dAᵗ = log(A) Aᵗ dt
        return exponential(t * logarithm(a))
    return np_linalg.matrix_power(a, int(t)) if t == int(t) else fractional_power(a, t)


# Those that are made of the exponential


def is_complex(a):
    return a.dtype.kind == "c"


@define(scipy.linalg.cosm)
def cosm(A):
    a = array(A)
    return (exponential(1j * a) + exponential(-1j * a)) / 2 if is_complex(a) else anp.real(exponential(1j * a))


@define(scipy.linalg.sinm)
def sinm(A):
    a = array(A)
    return (exponential(1j * a) - exponential(-1j * a)) * -0.5j if is_complex(a) else anp.imag(exponential(1j * a))


@define(scipy.linalg.tanm)
def tanm(A):
    return np_linalg.solve(cosm(A), sinm(A))


@define(scipy.linalg.coshm)
def coshm(A):
    a = array(A)
    return (exponential(a) + exponential(-a)) / 2


@define(scipy.linalg.sinhm)
def sinhm(A):
    a = array(A)
    return (exponential(a) - exponential(-a)) / 2


@define(scipy.linalg.tanhm)
def tanhm(A):
    return np_linalg.solve(coshm(A), sinhm(A))
