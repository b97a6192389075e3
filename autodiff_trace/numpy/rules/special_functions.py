"""Rules of the functions whose derivatives lose all digits if written naively: i0, logaddexp, sinc; and
the window that is made of i0."""

from __future__ import annotations

import math

import numpy as np

from ...core.primitives import primitive
from ...core.tracer import is_box
from ...core.traits import ARGUMENTS
from .. import wrapped as anp
from ..canonical import as_array
from ..definers import define, elementwise, is_surely_finite
from ..taylor.series import composition

# logaddexp: d log(eˣ + eʸ) = σ(x − y) dx + σ(y − x) dy, with σ(d) = 1 / (1 + e⁻ᵈ) = exp(−logaddexp(0, −d))


def part(exp, logaddexp, x, y):
    """The part of eˣ in eˣ + eʸ; one half where both are the same infinity."""
    if not is_box(x) and not is_box(y):
        with np.errstate(over="ignore", invalid="ignore"):
            ans = 1 / (1 + exp(np.subtract(y, x)))
        # An infinite power gives the part 0, but in half precision that is not small enough. One exponential takes a
        # tenth of the time of logaddexp.
        if type(ans) is np.ndarray and ans.itemsize > 2 and is_surely_finite(ans):
            return ans
    both = anp.logical_and(anp.equal(x, y), anp.isinf(x))
    difference = anp.where(both, 0, y) - anp.where(both, 0, x)
    return exp(-logaddexp(0, difference))


elementwise(
    anp.logaddexp,
    lambda ans, x, y: part(anp.exp, anp.logaddexp, x, y),
    lambda ans, x, y: part(anp.exp, anp.logaddexp, y, x),
    reads=ARGUMENTS, associative=True, cost=14,
)
elementwise(
    anp.logaddexp2,
    lambda ans, x, y: part(anp.exp2, anp.logaddexp2, x, y),
    lambda ans, x, y: part(anp.exp2, anp.logaddexp2, y, x),
    reads=ARGUMENTS, associative=True,
)


# sinc: all its derivatives are one family


@primitive
def sinc_derivative(x, order):
    """The derivative of sin(πx) / πx of the given order.

    With u = πx it is πⁿ sₙ(u), where s₀ = sin(u) / u and, from u s₀ = sin u by Leibniz' rule, u sₙ + n sₙ₋₁ =
    sin(u + nπ/2). That divides errors by u / n at each step: it is for |u| > n. Nearer to 0 it is the power series
    sin(u) / u = Σ (−1)ᵏ u²ᵏ / (2k+1)!, differentiated term by term.
    """
    wide = np.result_type(x, float)
    u = np.pi * as_array(x).astype(wide)
    near = np.abs(u) <= max(order, 1)
    far = np.where(near, 1, u)
    by_steps = np.sin(far) / far
    for n in range(1, order + 1):
        by_steps = (np.sin(far + n * (np.pi / 2)) - n * by_steps) / far
    u = np.where(near, u, 0)
    first = (order + 1) // 2
    term = (-1.0) ** first * (u if order % 2 else np.ones_like(u))  # (−1)ᵏ u²ᵏ⁻ⁿ / (2k−n)!, at the first k
    series = term / (2 * first + 1)
    for k in range(first + 1, first + 12 + 2 * order):
        term = term * (-u * u / ((2 * k - order) * (2 * k - order - 1)))
        series = series + term / (2 * k + 1)
    answer = np.pi**order * np.where(near, series, by_steps)
    return answer.astype(np.result_type(x))[()]


elementwise(
    anp.sinc, lambda ans, x: sinc_derivative(x, 1), reads=ARGUMENTS,
    series=composition(lambda j, x: sinc_derivative(x, j)),
)
elementwise(
    sinc_derivative, lambda ans, x, order: sinc_derivative(x, order + 1), None,
    series=composition(lambda j, x, order: sinc_derivative(x, order + j)),
)


# i0: I₀' = I₁ and Iₙ' = (Iₙ₋₁ + Iₙ₊₁) / 2, DLMF 10.29.1


@primitive
def bessel_i(x, order):
    """The modified Bessel function of the first kind Iₙ of integer order, at real ``x``.

    Up to |x| = 25 + n² by the power series, DLMF 10.25.2, all of whose terms have one sign; beyond by the asymptotic
    expansion, DLMF 10.40.1.
    """
    wide = np.result_type(x, float)
    signed = as_array(x).astype(wide)
    size = np.abs(signed)
    limit = 25 + order * order
    near = size <= limit
    far = np.where(near, limit, size)
    term = expansion = np.ones_like(far)
    for k in range(1, 40):
        term = term * (((2 * k - 1) ** 2 - 4 * order * order) / (8 * k * far))
        expansion = expansion + term
    # e^x in two halves: it overflows before the quotient does.
    expansion = expansion * np.exp(far / 2) / np.sqrt(2 * np.pi * far) * np.exp(far / 2)
    half = np.where(near, size, 0) / 2
    term = np.ones_like(half)
    for k in range(1, order + 1):
        term = term * half / k
    series = term
    for k in range(1, 40 + limit):
        term = term * (half * half / (k * (k + order)))
        series = series + term
    answer = np.where(near, series, expansion)
    answer = np.where(signed < 0, (-1.0) ** order * answer, answer)
    return answer.astype(np.result_type(x))[()]


def bessel_slope(ans, x, order):
    return bessel_i(x, 1) if order == 0 else (bessel_i(x, order - 1) + bessel_i(x, order + 1)) / 2


# The derivative of order j has the binomial coefficients of j; I_{−n} = I_n


def bessel_derivative(j, x, n=0):
    total = 0
    for i in range(j + 1):
        total = total + math.comb(j, i) / 2**j * bessel_i(x, abs(n - j + 2 * i))
    return total


elementwise(anp.i0, lambda ans, x: bessel_i(x, 1), reads=ARGUMENTS, series=composition(bessel_derivative))
elementwise(bessel_i, bessel_slope, None, series=composition(bessel_derivative))


# kaiser: a constant number of points, and beta, in which the window is smooth


@define(np.kaiser)
def kaiser(M, beta):
    beta = as_array(beta)
    if beta.ndim:
        raise ValueError(f"kaiser: beta is a number, not an array of shape {beta.shape}")
    beta = anp.astype(beta, np.result_type(beta.dtype, np.float64))
    if M == 1:
        return np.ones(1, beta.dtype)
    middle = (M - 1) / 2.0
    return anp.i0(beta * np.sqrt(1 - ((np.arange(M) - middle) / middle) ** 2)) / anp.i0(beta)
