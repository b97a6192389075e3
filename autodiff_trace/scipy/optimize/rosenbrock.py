"""Rosenbrock's function, which SciPy has as an example, written with traced functions."""

import scipy.optimize

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define

__all__ = ["rosen"]


@define(scipy.optimize.rosen)
def rosen(x):
    x = as_array(x)
    return anp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2, axis=0)
