"""Rules of the hypergeometric functions, in the argument and in the parameters.

In the argument each derivative is the function of parameters that are shifted, DLMF 13.3(ii), 15.5(i). In the
parameters the function is analytic, and differentiated by interpolation between poles; that is refused where SciPy's
values are not accurate enough for it.
"""

from __future__ import annotations

import numpy as np
import scipy.special
from scipy.special import poch

from ...core.errors import MissingRuleError, caller_line
from . import wrapped as special
from .families import differentiate_in_several, family_of, quiet_elementwise


def to_pole(b):
    """How far ``b`` is from the next of 0, −1, −2 …"""
    return np.where(b > 0, b, np.abs(b - np.rint(b)))


def between_poles(b, radius):
    """A quarter of the way to a pole: the coefficients of the interpolant fall as 8⁻ᵏ there."""
    return np.minimum(radius, to_pole(b) / 4)


def reach(*sizes):
    """How far a parameter may change: the function grows with it as powers of ``sizes`` do."""
    return 1 / (1 + sum(np.abs(np.log(np.maximum(np.abs(size), 1e-300))) for size in sizes))


def shifted(function, m, upper, lower, z):
    """The derivative of order ``m`` in z: Π (a)ₘ / Π (b)ₘ times the function of all parameters a + m, b + m."""
    factor = 1.0
    for a in upper:
        factor = factor * poch(a, m)
    for b in lower:
        factor = factor / poch(b, m)
    return factor * function(*[a + m for a in upper], *[b + m for b in lower], z)


@family_of("v z")
def hyp0f1_derivative(v, z, i, m):
    v, z = np.broadcast_arrays(v, z)
    radius = between_poles(v, reach(1 + np.abs(z)))
    return differentiate_in_several(
        lambda v: shifted(scipy.special.hyp0f1, m, [], [v], z), [v], [radius], (i,), "hyp0f1 in v"
    )


@family_of("a b z")
def hyp1f1_derivative(a, b, z, i, j, m):
    a, b, z = np.broadcast_arrays(a, b, z)
    radius = reach(1 + np.abs(z))
    return differentiate_in_several(
        lambda a, b: shifted(scipy.special.hyp1f1, m, [a], [b], z), [a, b], [radius, between_poles(b, radius)], (i, j),
        "hyp1f1 in a and b",
    )


@family_of("a b c z")
def hyp2f1_derivative(a, b, c, z, i, j, k, m):
    a, b, c, z = np.broadcast_arrays(a, b, c, z)
    radius = reach(1 + np.abs(z), np.where(z == 1, 1, 1 - z))
    radius = np.where(z == 1, np.minimum(radius, np.abs(c - a - b) / 4), radius)  # there it ends at c = a + b
    return differentiate_in_several(
        lambda a, b, c: shifted(scipy.special.hyp2f1, m, [a, b], [c], z), [a, b, c],
        [radius, radius, between_poles(c, radius)], (i, j, k), "hyp2f1 in a, b and c",
    )


# SciPy's U has 6 digits in places. Its derivatives come from the integral 1/Γ(a) ∫ e^(−xt) tᵃ⁻¹ (1 + t)ᵇ⁻ᵃ⁻¹ dt, DLMF
# 13.4.4, by the trapezoidal rule in log t, and for a < SMALLEST from that of larger a by the recurrence DLMF 13.3.7.

STEP = 0.2
SMALLEST = 1.5
MOST_POINTS = 5000
MOST_STEPS = 100


def tricomi(a, b, x):
    """U, or, for a = 0, −1 …, where it is a polynomial, Laguerre's, DLMF 13.6.19."""
    a, b, x = np.broadcast_arrays(a, b, x)
    is_whole = (a <= 0) & (a == np.rint(a)) & (a >= -MOST_STEPS) & (b > 0)
    n = np.where(is_whole, -a, 0)
    laguerre = scipy.special.eval_genlaguerre(n.astype(int), b - 1, x)
    whole = np.where(n % 2, -1, 1) * scipy.special.gamma(n + 1) * laguerre
    return np.where(is_whole, whole, tricomi_by_steps(np.where(is_whole, SMALLEST, a), b, x))


def tricomi_by_steps(a, b, x):
    steps = np.ceil(np.maximum(SMALLEST - a, 0))
    count = int(min(np.nan_to_num(steps).max(initial=0), MOST_STEPS))
    value, above = tricomi_integral(a + steps, b, x), tricomi_integral(a + steps + 1, b, x) if count else None
    error, error_above = np.abs(value), np.abs(above) if count else None  # bounds of it, in units of the precision
    for k in range(count):
        now = a + steps - k
        first, second = 2 * now + x - b, now * (now - b + 1)
        below = first * value - second * above
        error_below = np.abs(first) * error + np.abs(second) * error_above
        go = steps > k
        value, above = np.where(go, below, value), np.where(go, value, above)
        error, error_above = np.where(go, error_below, error), np.where(go, error, error_above)
    if np.any((error > 1e6 * np.abs(value)) & (x > 0) & np.isfinite(error)):
        raise MissingRuleError(
            f"hyperu: no derivative with an accuracy of 1e-8 is known for such a and b ({caller_line()})."
        )
    return np.where((x > 0) & (steps <= MOST_STEPS), value, np.nan)


def tricomi_integral(a, b, x):
    low = np.minimum(0, np.log(a / x)) - 40 / a
    high = np.log((100 + 2 * np.abs(a) + 2 * np.abs(b)) / x)
    # the peak is as wide as the square root of the curvature of the exponent, at most what stands here
    step = np.minimum(STEP, 0.7 / np.sqrt(np.maximum(a, b - 1) + 0.25 * np.abs(b - a - 1)))
    count = int(np.clip(np.nan_to_num((high - low) / step, posinf=0), 0, MOST_POINTS).max(initial=0)) + 2
    total, logarithm = 0, scipy.special.gammaln(a)
    for k in range(count):
        u = low + step * k
        t = np.exp(u)
        total = total + np.exp(a * u - x * t + (b - a - 1) * np.log1p(t) - logarithm)
    return np.where((high - low) / step > MOST_POINTS, np.nan, step * total)


@family_of("a b x")
def hyperu_derivative(a, b, x, i, j, m):
    if i == j == m == 0:
        return scipy.special.hyperu(a, b, x)
    a, b, x = np.broadcast_arrays(a, b, x)
    radius = reach(1 + np.abs(x), x)
    return differentiate_in_several(
        lambda a, b: (-1) ** m * poch(a, m) * tricomi(a + m, b + m, x), [a, b], [radius, radius], (i, j),
        "hyperu in a and b",
    )


quiet_elementwise(
    special.hyp0f1, lambda ans, v, z: hyp0f1_derivative(v, z, 1, 0), lambda ans, v, z: hyp0f1_derivative(v, z, 0, 1)
)
quiet_elementwise(
    special.hyp1f1,
    lambda ans, a, b, z: hyp1f1_derivative(a, b, z, 1, 0, 0),
    lambda ans, a, b, z: hyp1f1_derivative(a, b, z, 0, 1, 0),
    lambda ans, a, b, z: hyp1f1_derivative(a, b, z, 0, 0, 1),
)
quiet_elementwise(
    special.hyp2f1,
    lambda ans, a, b, c, z: hyp2f1_derivative(a, b, c, z, 1, 0, 0, 0),
    lambda ans, a, b, c, z: hyp2f1_derivative(a, b, c, z, 0, 1, 0, 0),
    lambda ans, a, b, c, z: hyp2f1_derivative(a, b, c, z, 0, 0, 1, 0),
    lambda ans, a, b, c, z: hyp2f1_derivative(a, b, c, z, 0, 0, 0, 1),
)
quiet_elementwise(
    special.hyperu,
    lambda ans, a, b, x: hyperu_derivative(a, b, x, 1, 0, 0),
    lambda ans, a, b, x: hyperu_derivative(a, b, x, 0, 1, 0),
    lambda ans, a, b, x: hyperu_derivative(a, b, x, 0, 0, 1),
)
