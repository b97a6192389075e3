"""Rules of the noncentral χ², F and t distributions.

The first two are mixtures with weights of Poisson's distribution, so that ∂F/∂nc = (F(df + 2) − F(df)) / 2.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from . import wrapped as special
from .families import differentiate, differentiate_in_several, family_of, quiet_elementwise


def differences(function, order):
    """The differences of ``order`` of function(k), k = 0, 1 …, divided by 2ᵒʳᵈᵉʳ."""
    return sum(math.comb(order, k) * (-1) ** (order - k) * function(k) for k in range(order + 1)) / 2**order


# χ²: the density is ½ exp(−(x + λ) / 2) (x/λ)^(ν/2) I_ν(√(λx)), ν = df/2 − 1, and f' = (f(df − 2) − f(df)) / 2


def chi_density(x, df, nc):
    order = 0.5 * df - 1
    root = np.sqrt(x * nc)
    small = root < 1
    series = sum((x * nc / 4) ** k / math.factorial(k) * scipy.special.rgamma(order + 1 + k) for k in range(10))
    near = 0.5 * np.exp(-0.5 * (x + nc)) * (x / 2) ** order * series
    nc = np.where(small, 1, nc)
    far = 0.5 * np.exp(-0.5 * (np.sqrt(x) - np.sqrt(nc)) ** 2) * (x / nc) ** (order / 2)
    return np.where(small, near, far * scipy.special.ive(order, root))


@family_of("x df nc")
def chndtr_derivative(x, df, nc, i, j, k):
    x, df, nc = np.broadcast_arrays(x, df, nc)

    def in_x_and_nc(df):
        if i == 0:
            return differences(lambda n: scipy.special.chndtr(x, df + 2 * n, nc), k)
        slope = differences(
            lambda n: differences(lambda m: chi_density(x, df + 2 * n - 2 * m, nc), i - 1), k
        )
        return np.where(x > 0, slope, np.where(x < 0, np.nan, slope))

    radius = np.minimum(df / 4, 1 / (1 + np.abs(np.log(np.maximum(x, 1e-300)))))
    return differentiate(in_x_and_nc, df, radius, j, "chndtr in df")


quiet_elementwise(
    special.chndtr,
    lambda ans, x, df, nc: chndtr_derivative(x, df, nc, 1, 0, 0),
    lambda ans, x, df, nc: chndtr_derivative(x, df, nc, 0, 1, 0),
    lambda ans, x, df, nc: chndtr_derivative(x, df, nc, 0, 0, 1),
)


@family_of("dfn dfd nc f")
def ncfdtr_derivative(dfn, dfd, nc, f, i, j, k, m):
    def in_nc(dfn, dfd, f):
        return differences(lambda n: scipy.special.ncfdtr(dfn + 2 * n, dfd, nc, f * dfn / (dfn + 2 * n)), k)

    dfn, dfd, nc, f = np.broadcast_arrays(dfn, dfd, nc, f)
    values = [dfn, dfd, f]
    radii = [np.minimum(1, dfn / 4), np.minimum(1, dfd / 4), f / 4]
    return differentiate_in_several(in_nc, values, radii, (i, j, m), "ncfdtr")


quiet_elementwise(
    special.ncfdtr,
    lambda ans, *args: ncfdtr_derivative(*args, 1, 0, 0, 0),
    lambda ans, *args: ncfdtr_derivative(*args, 0, 1, 0, 0),
    lambda ans, *args: ncfdtr_derivative(*args, 0, 0, 1, 0),
    lambda ans, *args: ncfdtr_derivative(*args, 0, 0, 0, 1),
)


@family_of("df nc t")
def nctdtr_derivative(df, nc, t, i, j, k):
    df, nc, t = np.broadcast_arrays(df, nc, t)
    size = np.sqrt(df + t * t) / 4  # far out F is a power of t
    in_t = np.minimum(size, np.maximum(0.5, size / ((df + 1) * (1 + np.abs(nc)))))
    radii = [np.minimum(1, df / 4), np.full(df.shape, 0.5), in_t]
    return differentiate_in_several(scipy.special.nctdtr, [df, nc, t], radii, (i, j, k), "nctdtr")


quiet_elementwise(
    special.nctdtr,
    lambda ans, *args: nctdtr_derivative(*args, 1, 0, 0),
    lambda ans, *args: nctdtr_derivative(*args, 0, 1, 0),
    lambda ans, *args: nctdtr_derivative(*args, 0, 0, 1),
)
