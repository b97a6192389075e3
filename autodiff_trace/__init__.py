"""Functional automatic differentiation of NumPy programs, by tracing, in pure Python.

>>> from autodiff_trace import grad, numpy as anp
>>> def tanh(x):
...     y = anp.exp(-2.0 * x)
...     return (1.0 - y) / (1.0 + y)
>>> round(float(grad(tanh)(1.0)), 12)
0.419974341614
"""

import sys as _sys

from . import array_libraries as _array_libraries  # noqa: F401, it says which there are
from . import numpy as numpy
from .compiler import graph, jit, num_threads, set_num_threads
from .core.errors import EndedTraceError, MissingRuleError, MutationError, TracedValueError
from .core.pytree import register_pytree, tree_flatten, tree_leaves, tree_map, tree_unflatten
from .core.unknown_names import MissingModules, unknown_name
from .numpy.array_types import register_array_type
from .numpy.mutation import check_mutation
from .transforms import (
    checkpoint, custom_jvp, custom_linear_solve, custom_root, custom_vjp, deriv, derivatives, detect_sparsity,
    elementwise_grad, fori_loop, grad, grad_and_aux, hessian, holomorphic_grad, hvp, jacfwd, jacobian, jacrev,
    jet, jvp, linearize, make_ggnvp, scan, stop_gradient, to_numpy, value_and_grad, value_grad_and_hvp, vjp,
    vmap,
)

__version__ = "0.1.0"

__all__ = [
    "EndedTraceError", "MissingRuleError", "MutationError", "TracedValueError", "check_mutation", "checkpoint",
    "custom_jvp", "custom_linear_solve", "custom_root", "custom_vjp", "deriv", "derivatives", "detect_sparsity",
    "elementwise_grad", "fori_loop", "grad", "grad_and_aux", "graph", "hessian", "holomorphic_grad", "hvp",
    "jacfwd", "jacobian", "jacrev", "jet", "jit", "jvp", "linearize", "make_ggnvp", "num_threads", "numpy",
    "register_array_type", "register_pytree", "scan", "set_num_threads", "stop_gradient", "to_numpy",
    "tree_flatten", "tree_leaves", "tree_map", "tree_unflatten", "value_and_grad", "value_grad_and_hvp", "vjp",
    "vmap",
]

_sys.meta_path.append(MissingModules)

_LOADED_WHEN_ASKED_FOR = ("autograd_compat", "distributed", "extend", "nn", "optim", "processes", "scipy", "testing")


def __getattr__(name):
    if name in _LOADED_WHEN_ASKED_FOR:  # they take their time to load, and some need others
        from importlib import import_module

        return import_module(f"{__name__}.{name}")
    raise unknown_name(__name__, name)
