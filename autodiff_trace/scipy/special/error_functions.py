"""Rules of the error functions, of Dawson's integral and of the normal distribution function, with its inverses."""

from __future__ import annotations

import math

import scipy.special

from ...numpy import wrapped as anp
from ...numpy.definers import elementwise
from . import wrapped as special
from .families import family_of

TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
ROOT_TWO_PI = math.sqrt(2 * math.pi)

FAR = 7.0
"""Where the asymptotic expansions give all digits, of which the closed forms lose 2 log₁₀(x)."""


def number(x, value):
    """A constant in the precision of ``x``: a double times a float32 scalar would be a double."""
    return value if x.dtype.kind == "c" else x.dtype.type(value)


def gaussian(x, factor, scale=1.0):
    """factor · e^(−scale x²), whose derivatives vanish at infinity."""
    if scale > 0 and x.dtype.kind != "c":
        x = anp.clip(x, -1e4, 1e4)
    return number(x, factor) * anp.exp(-(number(x, scale) * x * x))


def far_slope(x, sign):
    """The derivative of Σ (2n − 1)!! signⁿ / 2ⁿ x^−(2n+1), DLMF 7.12.1: the functions are that times a constant."""
    square = 1 / (x * x)
    total, term = 0, square
    for n in range(20):
        total = total - (2 * n + 1) * term
        term = term * square * (sign * (2 * n + 1) / 2)
    return total


def with_far_slope(near, factor, sign):
    """The slope ``near(ans, x)``, of real x far to the right that of the expansion."""

    def slope(ans, x):
        if x.dtype.kind == "c":
            return near(ans, x)
        # Dawson's integral is odd, the other one explodes to the left
        is_far = (anp.absolute(x) if sign > 0 else x) > FAR
        is_finite = anp.logical_and(is_far, anp.isfinite(x))
        far = far_slope(anp.where(is_finite, x, number(x, FAR)), sign) * number(x, factor)
        far = anp.where(anp.isinf(x), number(x, 0), far)
        return anp.where(is_far, far, near(ans, x))

    return slope


elementwise(special.erf, lambda ans, x: gaussian(x, TWO_OVER_ROOT_PI))
elementwise(special.erfc, lambda ans, x: gaussian(x, -TWO_OVER_ROOT_PI))
elementwise(special.erfi, lambda ans, x: gaussian(x, TWO_OVER_ROOT_PI, -1.0), singular=True)
ERFCX_SLOPE = with_far_slope(lambda ans, x: 2 * x * ans - number(x, TWO_OVER_ROOT_PI), 1 / math.sqrt(math.pi), -1)
elementwise(special.erfcx, ERFCX_SLOPE, singular=True)
elementwise(special.dawsn, with_far_slope(lambda ans, x: 1 - 2 * x * ans, 0.5, 1), singular=True)
elementwise(special.erfinv, lambda ans, x: gaussian(ans, 1 / TWO_OVER_ROOT_PI, -1.0), singular=True)
elementwise(special.erfcinv, lambda ans, x: gaussian(ans, -1 / TWO_OVER_ROOT_PI, -1.0), singular=True)


# The normal distribution. Its hazard φ(x) / Φ(x) is √(2/π) / erfcx(−x/√2), of which no digits are lost in the tail.


def hazard(x):
    """φ(x) / Φ(x), which falls like the density to the right, and is close to −x to the left."""
    if x.dtype.kind == "c":
        return number(x, math.sqrt(2 / math.pi)) / special.erfcx(x * number(x, -math.sqrt(0.5)))
    return real_hazard(x)


def hazard_slope(ans, x):
    """−h (x + h): to the left, where x + h vanishes, by the slope of erfcx."""
    is_left = x < -1
    is_there = anp.logical_and(is_left, x > -1e8)
    u = anp.where(is_there, x, number(x, -1)) * number(x, -math.sqrt(0.5))
    scaled = special.erfcx(u)
    left = ERFCX_SLOPE(scaled, u) / (scaled * scaled) * number(x, 1 / math.sqrt(math.pi))
    is_right = anp.logical_not(anp.logical_or(is_left, anp.equal(ans, 0)))
    right = -ans * (anp.where(is_right, x, number(x, 0)) + ans)
    return anp.where(is_left, anp.where(is_there, left, number(x, -1)), right)


@family_of("x", x=hazard_slope)
def real_hazard(x):
    return math.sqrt(2 / math.pi) / scipy.special.erfcx(-math.sqrt(0.5) * x)


elementwise(special.ndtr, lambda ans, x: gaussian(x, 1 / ROOT_TWO_PI, 0.5))
elementwise(special.ndtri, lambda ans, p: gaussian(ans, ROOT_TWO_PI, -0.5), singular=True)
elementwise(special.log_ndtr, lambda ans, x: hazard(x), singular=True)
elementwise(special.ndtri_exp, lambda ans, y: 1 / hazard(ans), singular=True)
