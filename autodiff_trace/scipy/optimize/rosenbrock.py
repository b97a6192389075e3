"""Rosenbrock's function and its derivatives, which SciPy has as an example, written with traced functions."""

import scipy.optimize

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ...transforms.gradient import grad
from ...transforms.jacobians import hessian

__all__ = ["rosen", "rosen_der", "rosen_hess", "rosen_hess_prod"]


@define(scipy.optimize.rosen)
def rosen(x):
    x = as_array(x)
    return anp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2, axis=0)


@define(scipy.optimize.rosen_der)
def rosen_der(x):
    return grad(rosen)(as_array(x))


@define(scipy.optimize.rosen_hess)
def rosen_hess(x):
    return hessian(rosen)(as_array(x))


@define(scipy.optimize.rosen_hess_prod)
def rosen_hess_prod(x, p):
    return rosen_hess(x) @ p
