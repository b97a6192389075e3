"""Rules of the spherical Bessel functions of integer order."""

from __future__ import annotations

import numpy as np
import scipy.special

from ...numpy.definers import define
from .families import family


def spherical(function, lower, upper):
    """The family of a function with (2n + 1) f' = lower n f(n − 1) + upper (n + 1) f(n + 1), DLMF 10.51(i, ii)."""

    def compute(n, z, order):
        def slope(n, order):
            if order == 0:
                return function(n, z)
            below, above = slope(np.maximum(n - 1, 0), order - 1), slope(n + 1, order - 1)
            return (lower * n * np.where(n == 0, 0, below) + upper * (n + 1) * above) / (2 * n + 1)

        return slope(n.astype(int), order)

    compute.__name__ = f"{function.__name__}_derivative"
    member = family(compute, "(n) z")
    define(function)(lambda n, z, derivative=False: member(n, z, int(bool(derivative))))
    return member


spherical_jn_derivative = spherical(scipy.special.spherical_jn, 1, -1)
spherical_yn_derivative = spherical(scipy.special.spherical_yn, 1, -1)
spherical_in_derivative = spherical(scipy.special.spherical_in, 1, 1)
spherical_kn_derivative = spherical(scipy.special.spherical_kn, -1, -1)
