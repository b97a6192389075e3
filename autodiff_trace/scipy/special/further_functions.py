"""Rules of what belongs to no other family: modified Fresnel integrals, Wright's and Dirichlet's functions, angles."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.definers import define
from ...numpy.error_states import quiet
from . import wrapped as special
from .families import differentiate_in_several, family, family_of, quiet_elementwise
from .spherical_bessel import spherical_jn_derivative, spherical_yn_derivative

declare(special.gammasgn, special.round, differentiable=False)

# Angles of degrees, minutes and seconds

RADIANS = np.pi / 180, np.pi / 10800, np.pi / 648000

quiet_elementwise(
    special.radian,
    *[lambda ans, d, m, s, unit=each: unit for each in RADIANS],
)


# F(x) = ∫ exp(±it²) from x to infinity, K(x) = F(x) exp(∓i (x² + π/4)) / √π: K' = ∓2ix K − exp(∓iπ/4) / √π


def modified_fresnel(function, sign):
    def integral(x):
        return function(x)[0]

    def scaled(x):
        return function(x)[1]

    integral.__name__, scaled.__name__ = f"{function.__name__}_0", f"{function.__name__}_1"
    turn = np.exp(-sign * 0.25j * np.pi) / math.sqrt(math.pi)
    parts = (
        family(integral, "x", x=lambda ans, x: -anp.exp(sign * 1j * (x * x))),
        family(scaled, "x", x=lambda ans, x: -sign * 2j * x * ans - turn),
    )
    define(function)(lambda x: (parts[0](x), parts[1](x)))
    return parts


modfresnelp_0, modfresnelp_1 = modified_fresnel(scipy.special.modfresnelp, 1)
modfresnelm_0, modfresnelm_1 = modified_fresnel(scipy.special.modfresnelm, -1)


# Wright's generalized Bessel function Φ(a, b; x) = Σ xᵏ / (k! Γ(ak + b)), DLMF 10.46.1: Φ' = Φ(a, a + b; x)


@family_of("a b x")
def wright_bessel_derivative(a, b, x, i, j, m):
    a, b, x = np.broadcast_arrays(a, b, x)
    reach = 1 / (1 + np.log1p(np.abs(x)))
    return differentiate_in_several(
        lambda a, b: scipy.special.wright_bessel(a, np.where(b < 0, np.nan, b + m * a), x), [a, b],
        [np.minimum(reach, 0.9 * a), np.minimum(reach, 0.9 * b)], (i, j), "wright_bessel in a and b",
    )


quiet_elementwise(
    special.wright_bessel,
    lambda ans, a, b, x: wright_bessel_derivative(a, b, x, 1, 0, 0),
    lambda ans, a, b, x: wright_bessel_derivative(a, b, x, 0, 1, 0),
    lambda ans, a, b, x: wright_bessel_derivative(a, b, x, 0, 0, 1),
)

if hasattr(special, "log_wright_bessel"):  # since SciPy 1.14

    @family_of("a b x")
    def log_wright_bessel_derivative(a, b, x, i, j, m):
        a, b, x = np.broadcast_arrays(a, b, x)
        reach = 1 / (1 + np.log1p(np.abs(x)))
        return differentiate_in_several(
            scipy.special.log_wright_bessel, [a, b, x],
            [np.minimum(reach, a / 4), np.minimum(reach, b / 4), np.minimum(1, x / 4)], (i, j, m), "log_wright_bessel",
        )

    quiet_elementwise(
        special.log_wright_bessel,
        lambda ans, a, b, x: log_wright_bessel_derivative(a, b, x, 1, 0, 0),
        lambda ans, a, b, x: log_wright_bessel_derivative(a, b, x, 0, 1, 0),
        lambda ans, a, b, x: anp.exp(special.log_wright_bessel(a, a + b, x) - ans),
    )


# The weighted integral ∫ x^λ J_ν(2ax) dx from 0 to 1


@family_of("a lmb nu")
def besselpoly_derivative(a, lmb, nu, m, i, j):
    """In a by 2 J' = J(ν − 1) − J(ν + 1), DLMF 10.6.1; in λ and ν by interpolation."""
    a, lmb, nu = np.broadcast_arrays(a, lmb, nu)
    radius = np.minimum(1, np.abs(lmb + nu + 1) / 5)

    def in_a(lmb, nu):
        terms = [
            math.comb(m, k) * (-1) ** k * scipy.special.besselpoly(a, lmb + m, nu - m + 2 * k) for k in range(m + 1)
        ]
        return sum(terms)

    return differentiate_in_several(in_a, [lmb, nu], [radius, radius], (i, j), "besselpoly in lmb and nu")


quiet_elementwise(
    special.besselpoly,
    lambda ans, *args: besselpoly_derivative(*args, 1, 0, 0),
    lambda ans, *args: besselpoly_derivative(*args, 0, 1, 0),
    lambda ans, *args: besselpoly_derivative(*args, 0, 0, 1),
)


# By functions that have rules


@define(scipy.special.assoc_laguerre)
@quiet
def assoc_laguerre(x, n, k=0.0):
    return special.eval_genlaguerre(n, k, x)


@define(scipy.special.diric)
@quiet
def diric(x, n):
    """sin(nx/2) / (n sin(x/2)) is Chebyshev's U of degree n − 1 at cos(x/2), over n, which divides by no zero."""
    return special.eval_chebyu(np.asarray(n) - 1, anp.cos(0.5 * x)) / n


def riccati(spherical):
    """x f(x) and its derivative, for a spherical Bessel function f of the orders 0 … n."""

    def definition(n, x):
        orders = np.arange(int(n) + 1)
        value, slope = spherical(orders, x, 0), spherical(orders, x, 1)
        return x * value, value + x * slope

    return definition


define(scipy.special.riccati_jn)(riccati(spherical_jn_derivative))
define(scipy.special.riccati_yn)(riccati(spherical_yn_derivative))
