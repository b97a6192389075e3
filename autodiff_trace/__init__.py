"""Functional automatic differentiation of NumPy programs, by tracing, in pure Python.

>>> from autodiff_trace import grad, numpy as anp
>>> def tanh(x):
...     y = anp.exp(-2.0 * x)
...     return (1.0 - y) / (1.0 + y)
>>> round(float(grad(tanh)(1.0)), 12)
0.419974341614
"""

import os as _os
import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import array_libraries as _array_libraries  # noqa: F401, it says which there are
from . import numpy as numpy
from .compiler import graph, jit, num_threads, set_num_threads
from .core.errors import EndedTraceError, MissingRuleError, MutationError, TracedValueError
from .core.pytree import register_pytree, tree_flatten, tree_leaves, tree_map, tree_unflatten
from .core.warning_places import point_warnings as _point_warnings
from .core.unknown_names import MissingModules, unknown_name
from .numpy.array_types import register_array_type
from .numpy.mutation import check_mutation
from .transforms import (
    checkpoint, custom_jvp, custom_linear_solve, custom_root, custom_vjp, deriv, derivatives, detect_sparsity,
    elementwise_grad, fori_loop, grad, grad_and_aux, hessian, holomorphic_grad, hvp, jacfwd, jacobian, jacrev,
    jet, jvp, linearize, make_ggnvp, scan, stop_gradient, to_numpy, value_and_grad, value_grad_and_hvp, vjp,
    vmap,
)

if _TYPE_CHECKING:
    from .debugging import NonFiniteError, debug_nans, debug_trace, profile

__version__ = "0.1.0"

__all__ = [
    "EndedTraceError", "MissingRuleError", "MutationError", "NonFiniteError", "TracedValueError", "check_mutation",
    "checkpoint", "custom_jvp", "custom_linear_solve", "custom_root", "custom_vjp", "debug_nans", "debug_trace",
    "deriv", "derivatives", "detect_sparsity",
    "elementwise_grad", "fori_loop", "grad", "grad_and_aux", "graph", "hessian", "holomorphic_grad", "hvp",
    "jacfwd", "jacobian", "jacrev", "jet", "jit", "jvp", "linearize", "make_ggnvp", "num_threads", "numpy", "profile",
    "register_array_type", "register_pytree", "scan", "set_num_threads", "stop_gradient", "to_numpy",
    "tree_flatten", "tree_leaves", "tree_map", "tree_unflatten", "value_and_grad", "value_grad_and_hvp", "vjp",
    "vmap",
]

_sys.meta_path.append(MissingModules)
_point_warnings()


def __getattr__(name):
    if name in ("NonFiniteError", "debug_nans", "debug_trace", "profile"):  # loaded when they are asked for
        from . import debugging

        return globals().setdefault(name, getattr(debugging, name))
    if name in ("autograd_compat", "distributed", "scipy"):  # which take their time to load, and need others
        from importlib import import_module

        return import_module(f"{__name__}.{name}")
    raise unknown_name(__name__, name)


if _os.environ.get("AUTODIFF_TRACE_DEBUG_NANS"):
    from . import debugging as debugging
