"""Transformations of functions."""

from .gradient import elementwise_grad, grad, grad_and_aux, holomorphic_grad, value_and_grad
from .jacobians import hessian, jacfwd, jacobian, jacrev
from .mapping import vmap
from .products import jvp, vjp
from .stopping import stop_gradient, to_numpy

__all__ = [
    "elementwise_grad", "grad", "grad_and_aux", "hessian", "holomorphic_grad", "jacfwd", "jacobian", "jacrev", "jvp", "stop_gradient", "to_numpy",
    "value_and_grad", "vjp", "vmap",
]
