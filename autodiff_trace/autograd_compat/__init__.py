"""A drop-in for HIPS autograd: its modules and names, on this package's derivatives.

``from autodiff_trace.autograd_compat import grad, numpy as np`` in a program, or none of its lines changed:
``autograd_compat.install()`` lets ``import autograd`` find this package.

>>> from autodiff_trace.autograd_compat import grad, numpy as np
>>> float(grad(lambda x: np.sin(x) * x)(0.0))
0.0
"""

from . import numpy as numpy
from .installing import install, is_installed, uninstall
from .builtins import dict, isinstance, list, tuple, type
from .core import primitive_with_deprecation_warnings as primitive
from .differential_operators import (
    checkpoint, deriv, elementwise_grad, grad, grad_and_aux, grad_named, hessian, hessian_tensor_product,
    hessian_vector_product, holomorphic_grad, jacobian, make_ggnvp, make_hvp, make_jvp, make_vjp, multigrad_dict,
    tensor_jacobian_product, value_and_grad, vector_jacobian_product,
)

__all__ = [
    "checkpoint", "deriv", "dict", "elementwise_grad", "grad", "grad_and_aux", "grad_named", "hessian",
    "hessian_tensor_product", "hessian_vector_product", "holomorphic_grad", "install", "is_installed", "isinstance",
    "jacobian", "list", "make_ggnvp", "make_hvp", "make_jvp", "make_vjp", "multigrad_dict", "numpy", "primitive",
    "tensor_jacobian_product", "tuple", "type", "uninstall", "value_and_grad", "vector_jacobian_product",
]
