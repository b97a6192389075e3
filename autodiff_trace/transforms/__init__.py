"""Transformations of functions."""

from .branches import cond, switch, while_loop
from .checkpointing import checkpoint
from .custom import custom_jvp, custom_vjp
from .gradient import elementwise_grad, grad, grad_and_aux, holomorphic_grad, value_and_grad
from .implicit import custom_root
from .jacobians import hessian, jacfwd, jacobian, jacrev
from .linear_solve import custom_linear_solve
from .loops import fori_loop, scan
from .mapping import vmap
from .products import jvp, vjp
from .raveling import ravel_pytree
from .second_order import deriv, hvp, linearize, make_ggnvp, value_grad_and_hvp
from .sparsity import detect_sparsity
from .stopping import stop_gradient, to_numpy
from .taylor import derivatives, jet

__all__ = [
    "checkpoint", "cond", "custom_jvp", "custom_linear_solve", "custom_root", "custom_vjp", "deriv",
    "derivatives", "detect_sparsity", "elementwise_grad", "fori_loop", "grad", "grad_and_aux", "hessian",
    "holomorphic_grad", "hvp", "jacfwd", "jacobian", "jacrev", "jet", "jvp", "linearize", "make_ggnvp",
    "ravel_pytree", "scan", "stop_gradient", "switch", "to_numpy", "value_and_grad", "value_grad_and_hvp", "vjp",
    "vmap", "while_loop",
]
