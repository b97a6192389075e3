"""The Gaussian error linear unit, and the normal distribution function, which it is made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitives import primitive
from ..core.tracebacks import border
from ..core.traits import ARGUMENTS
from ..numpy import wrapped as anp
from ..numpy.definers import elementwise
from .activations import check_real, sigmoid

__all__ = ["gelu", "normal_cdf"]

# erfc by rational functions on three ranges (Cody, "Rational Chebyshev approximations for the error function", 1969),
# highest power first. Of float64 all digits but one or two are right, also in the tail.
NEAR = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)
TAIL = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)
NEAR_END, MIDDLE_END = 0.46875, 4.0
ROOT_HALF = math.sqrt(0.5)
ONE_OVER_ROOT_PI = 1 / math.sqrt(math.pi)
ONE_OVER_ROOT_TWO_PI = 1 / math.sqrt(2 * math.pi)
FAR = 40.0
"""Where the normal density is zero in double precision; its cube is a number in half precision."""

BLOCK = 32768
"""Elements that are computed at once: all that they need is in cache."""


def ratio(x, powers):
    """A rational function of ``x``."""
    above, below = powers
    top, bottom = above[0] * x, x + below[1]
    top += above[1]
    for a, b in zip(above[2:], below[2:]):
        top *= x
        top += a
        bottom *= x
        bottom += b
    return np.divide(top, bottom, top)


def cdf_of_block(x):
    """The normal distribution function of a flat array."""
    u = np.abs(x) * ROOT_HALF
    ans = ratio(np.minimum(u, MIDDLE_END), MIDDLE)
    if (is_far := u > MIDDLE_END).any():
        far = u[is_far]
        square = 1 / (far * far)
        ans[is_far] = (ONE_OVER_ROOT_PI - square * ratio(square, TAIL)) / far
    ans *= 0.5 * np.exp(-0.5 * np.square(x))  # erfc(u) from exp(u**2) erfc(u)
    np.subtract(1, ans, out=ans, where=x > 0)
    if (is_near := u <= NEAR_END).any():  # (to compute all takes less time than to pick them)
        near = np.copysign(np.minimum(u, NEAR_END), x)
        np.copyto(ans, 0.5 + 0.5 * near * ratio(np.square(near), NEAR), where=is_near)
    return ans


@primitive
def normal_cdf(x: Any) -> Any:
    """The distribution function of the normal distribution, (1 + erf(x / √2)) / 2, also where it is very small.

    >>> float(normal_cdf(0.0)), round(float(normal_cdf(-10.0)) * 1e24, 4)
    (0.5, 7.6199)
    """
    x = np.asarray(x)
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    work = np.float32 if kind.itemsize <= 4 else np.float64
    ans = np.empty(x.shape, kind)
    flat_x, flat = np.ascontiguousarray(x).reshape(-1), ans.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        part = np.clip(flat_x[start : start + BLOCK].astype(work), -FAR, FAR)
        flat[start : start + BLOCK] = cdf_of_block(part)
    return ans[()]


def density(x):
    return ONE_OVER_ROOT_TWO_PI * anp.exp(-0.5 * anp.square(anp.clip(x, -FAR, FAR)))


elementwise(normal_cdf, lambda ans, x: density(x), reads=ARGUMENTS, shows_nan=True)


@primitive
def exact_gelu(x):
    check_real(x, "gelu")
    return np.multiply(np.maximum(x, -FAR), normal_cdf.fun(x))


@primitive
def tanh_gelu(x):
    check_real(x, "gelu")
    return np.multiply(np.maximum(x, -FAR), sigmoid.fun(2 * inner(np.clip(x, -FAR, FAR))))


ROOT_TWO_OVER_PI, CUBIC = math.sqrt(2 / math.pi), 0.044715


def inner(x):
    return ROOT_TWO_OVER_PI * (x + CUBIC * anp.multiply(x, anp.square(x)))


@primitive
def cdf_again(x, product):
    """The distribution function at ``x`` by way of ``product``, x times it, that is there already."""
    x = np.clip(x, -FAR, FAR)
    is_zero = np.equal(x, 0)
    return np.where(is_zero, x + 0.5, np.minimum(product, FAR) / (x + is_zero))[()]


elementwise(cdf_again, lambda ans, x, product: density(x), None, shows_nan=True)


def exact_slope(ans, x):
    return cdf_again(x, ans) + anp.clip(x, -FAR, FAR) * density(x)


def tanh_slope(ans, x):
    # With s = sigmoid(2u), (1 + tanh u)/2 = s and d s = 2 s (1 - s) du
    x = anp.clip(x, -FAR, FAR)
    u = inner(x)
    share = sigmoid(2 * u)
    return share + x * (2 * share * sigmoid(-2 * u)) * (ROOT_TWO_OVER_PI * (1 + 3 * CUBIC * anp.square(x)))


elementwise(exact_gelu, exact_slope, shows_nan=True)
elementwise(tanh_gelu, tanh_slope, reads=ARGUMENTS, shows_nan=True)


@border
def gelu(x: Any, approximate: bool | str = False) -> Any:
    """``x`` times the normal distribution function (Hendrycks and Gimpel, 2016), with the limit 0 at -inf.

    Arguments:
        approximate: True (or PyTorch's ``"tanh"``) for the older form with tanh, which differs by up to 5e-4; False (or
            ``"none"``) for the function itself.

    >>> round(float(gelu(1.0)), 6), round(float(gelu(1.0, approximate=True)), 6)
    (0.841345, 0.841192)
    """
    if approximate not in (False, True, "none", "tanh"):
        raise ValueError(f"gelu: approximate is True, False, 'tanh' or 'none', not {approximate!r}")
    return (tanh_gelu if approximate in (True, "tanh") else exact_gelu)(x)
