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
from typing import TYPE_CHECKING

from . import array_libraries as _array_libraries  # noqa: F401, it says which there are
from . import numpy as numpy
from .compiler import graph, jit, num_threads, set_num_threads
from .core.errors import EndedTraceError, MissingRuleError, MutationError, TracedValueError
from .core.pytree import register_pytree, tree_flatten, tree_leaves, tree_map, tree_unflatten
from .core.tracebacks import border
from .core.tree_functions import tree_map_with_path, tree_reduce, tree_structure
from .core.unknown_names import MissingModules, unknown_name
from .core.warning_places import point_warnings as _point_warnings
from .numpy.array_types import register_array_type
from .numpy.mutation import check_mutation
from .transforms import (
    checkpoint, cond, custom_jvp, custom_linear_solve, custom_root, custom_vjp, deriv, derivatives,
    detect_sparsity, elementwise_grad, fori_loop, grad, grad_and_aux, hessian, holomorphic_grad, hvp, jacfwd,
    jacobian, jacrev, jet, jvp, linearize, make_ggnvp, ravel_pytree, scan, stop_gradient, switch, to_numpy,
    value_and_grad, value_grad_and_hvp, vjp, vmap, while_loop,
)

__version__ = "1.0.0"

__all__ = [
    "EndedTraceError", "MissingRuleError", "MutationError", "NonFiniteError", "TracedValueError", "check_mutation",
    "checkpoint", "cond", "custom_jvp", "custom_linear_solve", "custom_root", "custom_vjp", "debug_nans",
    "debug_trace", "deriv", "derivatives", "detect_sparsity", "elementwise_grad", "fori_loop", "grad", "grad_and_aux",
    "graph", "hessian", "holomorphic_grad", "hvp", "jacfwd", "jacobian", "jacrev", "jet", "jit", "jvp", "linearize",
    "make_ggnvp", "num_threads", "numpy", "profile", "ravel_pytree", "register_array_type", "register_pytree", "scan",
    "set_num_threads", "stop_gradient", "switch", "to_numpy", "tree_flatten", "tree_leaves", "tree_map",
    "tree_map_with_path", "tree_reduce", "tree_structure", "tree_unflatten", "value_and_grad", "value_grad_and_hvp",
    "vjp", "vmap", "while_loop",
]

_sys.meta_path.append(MissingModules)
_point_warnings()

if TYPE_CHECKING:
    from . import autograd_compat as autograd_compat, data as data, debugging as debugging
    from . import distributed as distributed, extend as extend, nn as nn, optim as optim, processes as processes
    from . import scipy as scipy, testing as testing
    from .debugging import NonFiniteError, debug_nans, debug_trace, profile
else:
    # They take their time to load, or need others.
    LOADED_WHEN_ASKED_FOR = frozenset(
        "autograd_compat data debugging distributed extend nn optim processes scipy testing".split()
    )
    OF_DEBUGGING = frozenset("NonFiniteError debug_nans debug_trace profile".split())

    @border
    def __getattr__(name):
        from importlib import import_module

        if name in LOADED_WHEN_ASKED_FOR:
            return import_module(f"{__name__}.{name}")
        if name in OF_DEBUGGING:
            return getattr(import_module(f"{__name__}.debugging"), name)
        raise unknown_name(__name__, name)

    def __dir__():
        from importlib.util import find_spec

        missing = {name for name in ("distributed", "scipy") if find_spec(name) is None}
        return sorted({*globals(), *LOADED_WHEN_ASKED_FOR, *OF_DEBUGGING} - missing)


if _os.environ.get("AUTODIFF_TRACE_DEBUG_NANS"):
    from . import debugging as _debugging  # noqa: F401, watches from now on
