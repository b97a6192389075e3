"""Rules of the error functions, of Dawson's integral and of the normal distribution function, with its inverses."""

from __future__ import annotations

import math

from ...numpy import wrapped as anp
from ...numpy.definers import elementwise
from . import wrapped as special

TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
ROOT_TWO_PI = math.sqrt(2 * math.pi)

FAR = 7.0
"""Where the asymptotic expansions give all digits, of which the closed forms lose 2 log₁₀(x)."""


def number(x, value):
    """A constant in the precision of ``x``: a double times a float32 scalar would be a double."""
    return value if x.dtype.kind == "c" else x.dtype.type(value)


def gaussian(x, factor, scale=1.0):
    """factor · e^(−scale x²)."""
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
        far = far_slope(anp.where(is_far, x, number(x, FAR)), sign) * number(x, factor)
        return anp.where(is_far, far, near(ans, x))

    return slope


elementwise(special.erf, lambda ans, x: gaussian(x, TWO_OVER_ROOT_PI))
elementwise(special.erfc, lambda ans, x: gaussian(x, -TWO_OVER_ROOT_PI))
elementwise(special.erfi, lambda ans, x: gaussian(x, TWO_OVER_ROOT_PI, -1.0), singular=True)
elementwise(
    special.erfcx,
    with_far_slope(lambda ans, x: 2 * x * ans - number(x, TWO_OVER_ROOT_PI), 1 / math.sqrt(math.pi), -1), singular=True,
)
elementwise(special.dawsn, with_far_slope(lambda ans, x: 1 - 2 * x * ans, 0.5, 1), singular=True)
elementwise(special.erfinv, lambda ans, x: gaussian(ans, 1 / TWO_OVER_ROOT_PI, -1.0), singular=True)
elementwise(special.erfcinv, lambda ans, x: gaussian(ans, -1 / TWO_OVER_ROOT_PI, -1.0), singular=True)


# The normal distribution. Its hazard φ(x) / Φ(x) is √(2/π) / erfcx(−x/√2), of which no digits are lost in the tail.


def hazard(x):
    return number(x, math.sqrt(2 / math.pi)) / special.erfcx(x * number(x, -math.sqrt(0.5)))


elementwise(special.ndtr, lambda ans, x: gaussian(x, 1 / ROOT_TWO_PI, 0.5))
elementwise(special.ndtri, lambda ans, p: gaussian(ans, ROOT_TWO_PI, -0.5), singular=True)
elementwise(special.log_ndtr, lambda ans, x: hazard(x), singular=True)
elementwise(special.ndtri_exp, lambda ans, y: 1 / hazard(ans), singular=True)
