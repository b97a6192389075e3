"""Rules of Struve's functions, in the argument and in the order."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from . import wrapped as special
from .cylinder_functions import rate
from .families import differentiate, family, quiet_elementwise


def power_series(v, z, j, sign):
    """The derivative of Σ (∓1)ᵏ (z/2)^(v + 1 + 2k) / (Γ(k + 3/2) Γ(k + v + 3/2)), DLMF 11.2(i), for |z| < 1.

    For v = −3/2, −5/2 … the first terms are 0.
    """
    total = 0
    for k in range(12 + int(np.nan_to_num(np.clip(-v, 0, 100)).max(initial=0))):
        power = v + 1 + 2 * k
        factor = sign**k * math.prod(power - i for i in range(j)) / 2**j / math.gamma(k + 1.5)
        total = total + factor * (z / 2) ** (power - j) * scipy.special.rgamma(k + v + 1.5)
    return total


def struve_family(function, sign):
    """The family of a function with S' = S(v − 1) − (v / z) S, DLMF 11.4.27 and 11.4.29.

    It repeats that; near 0, where terms cancel, the power series is differentiated. (The formula without division by z
    has a term that is z² times as large as its result.)
    """

    def compute(v, z, i, j):
        def in_z(v, j):
            if j == 0:
                return function(v, z)
            total = in_z(v - 1, j - 1)
            for k in range(j):
                falling = (-1) ** k * math.perm(j - 1, k) * z ** (-1.0 - k)
                total = total - v * falling * in_z(v, j - 1 - k)
            return total

        v, z = np.broadcast_arrays(v, z)
        small = np.abs(z) < 1

        def values(v):
            return np.where(small, power_series(v, z, j, sign), in_z(v, j)) if j and np.any(small) else in_z(v, j)

        return differentiate(values, v, 2 / rate(v, z), i, function.__name__)

    compute.__name__ = f"{function.__name__}_derivative"
    derivative = family(compute, "v z")
    quiet_elementwise(
        getattr(special, function.__name__),
        lambda ans, v, z: derivative(v, z, 1, 0), lambda ans, v, z: derivative(v, z, 0, 1),
    )
    return derivative


struve_derivative = struve_family(scipy.special.struve, -1)
modstruve_derivative = struve_family(scipy.special.modstruve, 1)
