"""Rules of the functions that take complex numbers apart. They are linear over the reals, not over the complex numbers.

The gradient of a real f at z is ∂f/∂Re z − i ∂f/∂Im z: a cotangent g and a tangent t pair as Re(g t).
"""

from __future__ import annotations

import operator

import numpy as np

from ...core.primitives import nondifferentiable, primitive
from ...core.traits import declare
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define, defrules, linear
from ..error_states import quiet

__all__ = ["join_parts"]

linear(anp.conjugate, transpose=lambda g, ans, x: anp.conjugate(g), shows_nan=True)
linear(
    anp.imag, transpose=lambda g, ans, x: match_dtype(g * -1j, x.dtype) if x.dtype.kind == "c" else None,
    elementwise=True, makes_view=True, harmless=True,
)
linear(
    anp.real, transpose=lambda g, ans, x: match_dtype(g, x.dtype), elementwise=True, makes_view=True, harmless=True,
    passes_on=True,
)


@primitive
def join_parts(x, y):
    """x + iy, also where one of them is infinite."""
    z = np.empty(np.shape(x), np.result_type(x.dtype, np.complex64))
    z.real, z.imag = x, y
    return z


defrules(
    join_parts,
    (lambda g, ans, x, y: match_dtype(g, x.dtype), lambda g, ans, x, y: match_dtype(-anp.imag(g), y.dtype)),
    (lambda t, ans, x, y: match_dtype(t, ans.dtype), lambda t, ans, x, y: join_parts(anp.zeros_like(t), t)),
    linear_in=(0, 1),
)


# sign: z / |z| of a complex number, with derivative 0 at 0; of a real one a step

real_sign = nondifferentiable(np.sign)


@define(np.sign)
def sign(x):
    if not anp.iscomplexobj(x):
        return real_sign(x)
    x = anp.where(anp.isinf(x), infinite_direction(x), x)
    return direction(x, anp.absolute(x))


@nondifferentiable
def infinite_direction(z):
    """1, -1, i or -i for the infinite part of ``z``; NaN, as in NumPy, where both are."""
    signs = np.where(np.isinf(z.real), np.sign(z.real), 0) + 1j * np.where(np.isinf(z.imag), np.sign(z.imag), 0)
    return np.where(np.abs(signs) > 1, np.nan, signs).astype(np.result_type(z))[()]


declare(infinite_direction, elementwise=True, harmless=True)


@quiet
def direction(z, size):
    """z / |z|, and 0 at 0."""
    zero = anp.equal(size, 0)
    return anp.where(zero, 0, z / anp.where(zero, 1, size))


# d|z| = Re(conj(z)/|z| dz); 0 at 0


def absolute_slope(ans, x):
    return anp.conjugate(direction(x, ans)) if x.dtype.kind == "c" else real_sign(x)


defrules(
    anp.absolute, lambda g, ans, x: g * absolute_slope(ans, x),
    lambda t, ans, x: match_dtype(t * absolute_slope(ans, x), ans.dtype),
    fast_fun=operator.abs, float_form=operator.abs, shows_nan=True,
)


@define(np.angle)
def angle(z, deg=False):
    radians = anp.arctan2(anp.imag(z) if anp.iscomplexobj(z) else 0, anp.real(z))
    return anp.degrees(radians) if deg else radians


@define(np.real_if_close)
def real_if_close(a, tol=100):
    a = anp.asarray(a)
    if not anp.iscomplexobj(a):
        return a
    if tol > 1:  # in units of the machine's precision
        tol = tol * np.finfo(a.dtype).eps
    # The dtype of the answer depends on the values, so Python has to ask for them.
    return anp.real(a) if anp.all(anp.absolute(anp.imag(a)) < tol) else a
