"""Rules of the classical orthogonal polynomials: in x for every degree, in their parameters, and in a real degree.

Derivatives in x are polynomials of the same kind, or Gegenbauer's, DLMF 18.9(iii). In the parameters, and in the
degree, the functions are analytic and SciPy computes them for any: they are differentiated by interpolation.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.special
from scipy.special import poch

from ...numpy.definers import define
from . import wrapped as special
from .families import differentiate_in_several, family, quiet_elementwise, slopes_of


MOST_STEPS = 100_000
"""Of a recurrence."""


def at_degree(function, n, *args):
    """``function(n, *args)`` by SciPy's recurrence, which whole degrees have, where all are whole."""
    whole = np.rint(n)
    if np.all((n == whole) & (np.abs(n) <= MOST_STEPS)):
        n = whole.astype(int)
    return function(n, *args)


def lower(function, degree, n, *args):
    """The same for the derivative of a polynomial of the given ``degree``, which is 0 where ``n`` is less than 0. Of
    whole degrees less than 0 there is none here."""
    whole = degree == np.rint(degree)
    return np.where(whole & (n < 0), np.where(degree < 0, np.nan, 0), at_degree(function, n, *args))


def spread(n, x):
    """How fast a function of degree ``n`` changes with it, as cos(n arccos x) does."""
    return 2 + np.abs(np.arccosh(x + 0j))


def polynomials(function, slope, parameters="", reach=lambda *args: 1.0):
    """The family of a polynomial in x of degree n, with derivatives ``slope(m, n, *parameters, x)`` of order m in x."""

    def compute(n, *rest):
        count = len(parameters.split())
        values, orders = rest[: count + 1], rest[count + 1 :]
        *values, x = np.broadcast_arrays(n, *values)
        m = orders[-1]

        def in_x(*values):
            return at_degree(function, *values, x) if m == 0 else slope(m, *values, x)

        radii = [1 / spread(n, x), *[reach(*values, x)] * count]
        return differentiate_in_several(in_x, values, radii, orders[:-1], function.__name__)

    compute.__name__ = f"{function.__name__}_derivative"
    derivative = family(compute, f"n {parameters} x")
    count = len(parameters.split()) + 2
    orders = np.eye(count, dtype=int).tolist()
    quiet_elementwise(
        getattr(special, function.__name__),
        *[lambda ans, *args, orders=each: derivative(*args, *orders) for each in orders],
    )
    return derivative


def jacobi_slope(m, n, alpha, beta, x):
    factor = poch(n + alpha + beta + 1, m) / 2**m
    return factor * lower(scipy.special.eval_jacobi, n, n - m, alpha + m, beta + m, x)


def gegenbauer_slope(m, n, alpha, x):
    return 2**m * poch(alpha, m) * lower(scipy.special.eval_gegenbauer, n, n - m, alpha + m, x)


def genlaguerre_slope(m, n, alpha, x):
    return (-1) ** m * lower(scipy.special.eval_genlaguerre, n, n - m, alpha + m, x)


def by_gegenbauer(factor, weight):
    """The slopes factor(m, n) C(n − m) of the parameter ``weight(m)``."""
    return lambda m, n, x: factor(m, n) * lower(scipy.special.eval_gegenbauer, n, n - m, float(weight(m)), x)


def reach_of_alpha(n, *args):
    """Up to where a polynomial of degree ``n`` in its parameters changes by some e: a product of n factors."""
    return 1 / (1 + 0.5 * np.log1p(np.abs(n)))


eval_jacobi_derivative = polynomials(scipy.special.eval_jacobi, jacobi_slope, "alpha beta", reach_of_alpha)
eval_gegenbauer_derivative = polynomials(
    scipy.special.eval_gegenbauer, gegenbauer_slope, "alpha", reach_of_alpha
)
eval_genlaguerre_derivative = polynomials(
    scipy.special.eval_genlaguerre, genlaguerre_slope, "alpha",
    lambda n, alpha, x: np.minimum(reach_of_alpha(n), 0.9 * np.abs(alpha + 1)),  # SciPy has none from α = −1 down
)
eval_legendre_derivative = polynomials(
    scipy.special.eval_legendre, by_gegenbauer(lambda m, n: math.prod(range(1, 2 * m, 2)), lambda m: m + 0.5)
)
eval_chebyt_derivative = polynomials(
    scipy.special.eval_chebyt, by_gegenbauer(lambda m, n: 2 ** (m - 1) * math.factorial(m - 1) * n, lambda m: m)
)
eval_chebyu_derivative = polynomials(
    scipy.special.eval_chebyu, by_gegenbauer(lambda m, n: 2**m * math.factorial(m), lambda m: m + 1)
)
eval_laguerre_derivative = polynomials(
    scipy.special.eval_laguerre, lambda m, n, x: genlaguerre_slope(m, n, 0.0, x)
)


# Hermite's, of whole degrees alone: the derivative of order m is 2ᵐ n (n − 1) … (n − m + 1) H(n − m), DLMF 18.9.25


def hermite(function, factor):
    def compute(n, x, m):
        n = n.astype(int)
        weight = factor**m * math.prod(n - i for i in range(m))
        return weight * function(np.maximum(n - m, 0), x) if m else function(n, x)

    compute.__name__ = f"{function.__name__}_derivative"
    derivative = family(compute, "(n) x")
    define(function)(lambda n, x: derivative(n, x, 0))
    return derivative


eval_hermite_derivative = hermite(scipy.special.eval_hermite, 2)
eval_hermitenorm_derivative = hermite(scipy.special.eval_hermitenorm, 1)


# The same polynomials on other intervals, DLMF 18.7(i)


@slopes_of(scipy.special.eval_chebyc)
def eval_chebyc(n, x):
    return 2 * special.eval_chebyt(n, 0.5 * x)


@slopes_of(scipy.special.eval_chebys)
def eval_chebys(n, x):
    return special.eval_chebyu(n, 0.5 * x)


@slopes_of(scipy.special.eval_sh_chebyt)
def eval_sh_chebyt(n, x):
    return special.eval_chebyt(n, 2 * x - 1)


@slopes_of(scipy.special.eval_sh_chebyu)
def eval_sh_chebyu(n, x):
    return special.eval_chebyu(n, 2 * x - 1)


@slopes_of(scipy.special.eval_sh_legendre)
def eval_sh_legendre(n, x):
    return special.eval_legendre(n, 2 * x - 1)


@slopes_of(scipy.special.eval_sh_jacobi)
def eval_sh_jacobi(n, p, q, x):
    return special.eval_jacobi(n, p - q, q - 1, 2 * x - 1) / special.binom(2 * n + p - 1, n)
