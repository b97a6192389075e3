"""Rules of the incomplete gamma and beta functions and of their inverses, in the argument and in the parameters.

In the argument the slopes are densities. In the parameters SciPy's own values for neighbouring parameters are
interpolated: of that tail which is small, so that its derivative has its digits. How far the neighbours are is told by
the score, the derivative of the logarithm of the density, and by its variance.
"""

from __future__ import annotations

import numpy as np
import scipy.special

from ...numpy import wrapped as anp
from ...numpy.definers import elementwise
from . import wrapped as special
from .densities import beta_density, gamma_density
from .families import differentiate, family

SMALLEST = 0.5
"""As functions of a parameter they are analytic at 0, but SciPy does not go there: below this the interpolation stands
on the right."""


def reach(parameter, score, spread, other=SMALLEST):
    """The centre and the radius of the interpolation. Of the beta functions there is a pole at −``other``."""
    radius = 2 / (np.abs(score) + spread)
    radius = np.minimum(radius, 0.5 * np.maximum(parameter, np.minimum(other, SMALLEST)))
    return np.maximum(parameter, 1.0001 * radius), radius


def smaller_tail(lower, upper, *args):
    """lower(*args), or −upper(*args), which is less by one, where that is smaller: a function of neighbouring args."""
    is_lower = np.asarray(lower(*args) <= 0.5)

    def tail(*args):
        args = np.broadcast_arrays(*args)
        chosen = np.broadcast_to(is_lower, args[0].shape)
        ans = np.empty(args[0].shape)
        ans[chosen] = lower(*[each[chosen] for each in args])
        ans[~chosen] = -upper(*[each[~chosen] for each in args])
        return ans

    return tail


@lambda compute: family(compute, "a x", x=lambda ans, a, x, order: gamma_density(a, x, order))
def gammainc_derivative(a, x, order):
    """The derivatives of gammainc(a, x) in a."""
    a, x = np.broadcast_arrays(a, x)
    near = np.maximum(a, SMALLEST)
    score = np.log(np.clip(x, 1e-300, 1e300)) - scipy.special.psi(near)
    centre, radius = reach(a, score, np.sqrt(scipy.special.polygamma(1, near)))
    tail = smaller_tail(scipy.special.gammainc, scipy.special.gammaincc, a, x)
    ans = differentiate(lambda a: tail(a, x), a, radius, order, "gammainc", centre=centre)
    return np.where((a < 0) | (x < 0), np.nan, np.where((x == 0) | np.isinf(x), 0, ans))


elementwise(
    special.gammainc,
    lambda ans, a, x: gammainc_derivative(a, x, 1), lambda ans, a, x: gamma_density(a, x, 0), singular=True,
)
elementwise(
    special.gammaincc,
    lambda ans, a, x: -gammainc_derivative(a, x, 1), lambda ans, a, x: -gamma_density(a, x, 0), singular=True,
)

def gamma_inverse_in_a(ans, a, y):
    return anp.where(anp.equal(ans, 0), 0 * a, -gammainc_derivative(a, ans, 1) / gamma_density(a, ans, 0))


elementwise(
    special.gammaincinv, gamma_inverse_in_a,
    lambda ans, a, y: 1 / gamma_density(a, ans, 0), singular=True,
)
elementwise(
    special.gammainccinv, gamma_inverse_in_a,
    lambda ans, a, y: -1 / gamma_density(a, ans, 0), singular=True,
)


def upper_beta(a, b, x):
    """betaincc of arrays, in a fraction of SciPy's time where 1 − x keeps the digits of x, DLMF 8.17.4."""
    ans = scipy.special.betainc(b, a, 1 - x)
    small = x < 1 / 16
    ans[small] = scipy.special.betaincc(a[small], b[small], x[small])
    return ans


@lambda compute: family(compute, "a b x", x=lambda ans, a, b, x, i, j: beta_density(a, b, x, i, j))
def betainc_derivative(a, b, x, i, j):
    """The derivatives of betainc(a, b, x) of orders i in a and j in b."""
    a, b, x = np.broadcast_arrays(a, b, x)
    psi, polygamma = scipy.special.psi, scipy.special.polygamma
    near_a, near_b = np.maximum(a, SMALLEST), np.maximum(b, SMALLEST)
    inner = np.clip(x, 1e-300, 1 - 1e-16)
    joint = psi(near_a + near_b)

    def spread(c):
        return np.sqrt(np.maximum(polygamma(1, c) - polygamma(1, near_a + near_b), 0))

    centre_a, radius_a = reach(a, np.log(inner) - psi(near_a) + joint, spread(near_a), b)
    centre_b, radius_b = reach(b, np.log1p(-inner) - psi(near_b) + joint, spread(near_b), a)
    tail = smaller_tail(scipy.special.betainc, upper_beta, a, b, x)

    def in_b(a):
        if not j:
            return tail(a, b, x)
        full = np.broadcast_to(b, a.shape)
        return differentiate(lambda b: tail(a, b, x), full, radius_b, j, "betainc", centre=centre_b)

    ans = differentiate(in_b, a, radius_a, i, "betainc", centre=centre_a) if i else in_b(a)
    return np.where((a <= 0) | (b <= 0) | (x < 0) | (x > 1), np.nan, np.where((x == 0) | (x == 1), 0, ans))


def betainc_rules(prim, sign):
    elementwise(
        prim,
        lambda ans, a, b, x: sign * betainc_derivative(a, b, x, 1, 0),
        lambda ans, a, b, x: sign * betainc_derivative(a, b, x, 0, 1),
        lambda ans, a, b, x: sign * beta_density(a, b, x, 0, 0), singular=True,
    )


def beta_inverse_slope(i, j):
    def slope(ans, a, b, y):
        is_end = anp.logical_or(anp.equal(ans, 0), anp.equal(ans, 1))
        return anp.where(is_end, 0 * a * b, -betainc_derivative(a, b, ans, i, j) / beta_density(a, b, ans, 0, 0))

    return slope


def betainc_inverse_rules(prim, sign):
    elementwise(
        prim, beta_inverse_slope(1, 0), beta_inverse_slope(0, 1),
        lambda ans, a, b, y: sign / beta_density(a, b, ans, 0, 0), singular=True,
    )


betainc_rules(special.betainc, 1)
betainc_rules(special.betaincc, -1)
betainc_inverse_rules(special.betaincinv, 1)
betainc_inverse_rules(special.betainccinv, -1)
