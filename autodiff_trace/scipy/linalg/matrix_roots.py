"""Rules of functions of matrices that solve an equation, or have one of their own: sqrtm, signm, funm."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.forward import defjvp
from ...core.primitives import primitive
from ...core.reverse import defvjp
from ...core.traits import ANSWER, declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_matrix
from ...numpy.broadcasting import broadcast_tangent, match_dtype
from ...numpy.definers import define, defrules, linear
from ...numpy.rules.matrices import transposed
from .matrix_equations import sylvester
from .matrix_functions import refuse_estimates
from .operands import array, over_stacks

__all__: list[str] = []


# sqrtm: X² = A, so X dX + dX X = dA


@primitive
@over_stacks(1)
def square_root(a):
    return scipy.linalg.sqrtm(a)


def root_vjp(g, ans, a):
    x = transposed(ans)
    return match_dtype(sylvester(x, x, g, True), a.dtype)


defrules(
    square_root, root_vjp, lambda t, ans, a: broadcast_tangent(sylvester(ans, ans, t, True), ans), reads=ANSWER,
    batching=batch_matrix, shaped_by_values=True, owns_memory=True,
)


@define(scipy.linalg.sqrtm)
def sqrtm(A, **older):
    refuse_estimates("sqrtm", older)
    return square_root(array(A))


# signm: S² = I and S A = A S give N dS + dS N = dA − S dA S with N = A S (C. Kenney and A. Laub, "Polar
# and matrix sign function condition estimates", 1991)


@primitive
@over_stacks(1)
def matrix_sign(a):
    return scipy.linalg.signm(a)


def sign_vjp(g, ans, a):
    n, s = transposed(a @ ans), transposed(ans)
    y = sylvester(n, n, g, True)
    return match_dtype(y - s @ y @ s, a.dtype)


def sign_jvp(t, ans, a):
    n = a @ ans
    return broadcast_tangent(sylvester(n, n, t - ans @ t @ ans, True), ans)


defrules(matrix_sign, sign_vjp, sign_jvp, batching=batch_matrix, shaped_by_values=True, owns_memory=True)


@define(scipy.linalg.signm)
def signm(A, **older):
    refuse_estimates("signm", older)
    return matrix_sign(array(A))


# funm: V f(w) V⁻¹, where ``func`` is written with traced functions. The derivatives of eigenvalues and vectors give
# that of f, which need not be known.


@primitive
def real_if_close(f):
    """A function of real matrices as SciPy gives it: real, if what is imaginary is rounding."""
    eps = np.finfo(f.dtype).eps
    tolerance = 1e3 * eps if eps < 1e-10 else 1e6 * eps / 1e3
    return f.real.copy() if np.allclose(f.imag, 0, atol=tolerance * max(1, np.max(np.abs(f), initial=0))) else f


defvjp(real_if_close, lambda g, ans, f: anp.astype(g, f.dtype))
defjvp(real_if_close, lambda t, ans, f: match_dtype(t, ans.dtype))
declare(real_if_close, shaped_by_values=True, batching=batch_matrix, unread={0: (0, ANSWER)})


MOST_CONDITION = 1e-3
"""The condition of the eigenvectors up to which they are used, squared, in reciprocals of the machine precision."""


@primitive
def independent_vectors(v):
    """``v`` itself; an error where eigenvectors depend on each other, but for rounding."""
    condition = np.max(np.linalg.cond(v), initial=1) if v.size else 1
    if not condition**2 * np.finfo(v.dtype).eps < MOST_CONDITION:
        raise np.linalg.LinAlgError(
            f"funm: the matrix has no basis of eigenvectors, or nearly none (of condition {condition:.1e}): its "
            "function cannot be traced here: take expm, logm, sqrtm or fractional_matrix_power, which need none."
        )
    return v


linear(independent_vectors, lambda g, ans, v: g, batching=batch_matrix)


@define(scipy.linalg.funm)
def funm(A, func, disp):
    refuse_estimates("funm", {"disp": disp})
    a = array(A)
    w, v = np_linalg.eig(a)
    v = independent_vectors(v)
    w = anp.astype(w, np.result_type(w.dtype, np.complex64))
    f = (v * anp.expand_dims(func(w), -2)) @ np_linalg.inv(v)
    return real_if_close(f) if a.dtype.kind != "c" and f.dtype.kind == "c" else f
