"""Rules of the functions that take complex numbers apart. They are linear over the reals, not over the complex numbers.

The gradient of a real f at z is ∂f/∂Re z − i ∂f/∂Im z: a cotangent g and a tangent t pair as Re(g t).
"""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp
from ...core.reverse import defvjp
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..definers import define, linear, scale

linear(anp.conjugate, transpose=lambda g, ans, x: anp.conjugate(g))
linear(anp.imag, transpose=lambda g, ans, x: match_dtype(-1j * g, x.dtype) if x.dtype.kind == "c" else None)
linear(anp.real, transpose=lambda g, ans, x: match_dtype(g, x.dtype))


# d|z| = Re(conj(z)/|z| dz); 0 at 0


def absolute_slope(ans, x):
    if x.dtype.kind != "c":
        return anp.sign(x)
    zero = ans == 0
    return anp.where(zero, 0, anp.conjugate(x) / anp.where(zero, 1, ans))


defvjp(anp.absolute, lambda g, ans, x: g * absolute_slope(ans, x))
defjvp(anp.absolute, lambda t, ans, x: match_dtype(t * absolute_slope(ans, x), ans.dtype))


@define(np.angle)
def angle(z, deg=False):
    radians = anp.arctan2(anp.imag(z), anp.real(z))
    return anp.degrees(radians) if deg else radians
