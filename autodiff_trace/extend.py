"""The door for rule authors: everything that is needed to give a function of one's own its derivatives.

>>> import math
>>> from autodiff_trace import extend, grad
>>> @extend.primitive
... def cube(x):
...     return x**3
>>> extend.elementwise(cube, lambda ans, x: 3 * x * x)
>>> float(grad(grad(cube))(2.0))
12.0

``docs/extending.md`` shows each definer.
"""

from typing import TYPE_CHECKING

from .core.forward import defjvp, defjvp_all
from .core.primitives import composite, nondifferentiable, notrace_primitive, primitive
from .core.pytree import register_pytree
from .core.reverse import defvjp, defvjp_all
from .core.tracer import Box, is_box
from .core.traits import declare
from .core.tracebacks import border
from .core.unknown_names import unknown_name
from .numpy.along_axes import reduces, reduction, runs_along
from .numpy.array_box import ArrayBox
from .numpy.array_types import register_array_type
from .numpy.broadcasting import unbroadcast
from .numpy.canonical import axes_of
from .numpy.definers import define, elementwise, linear, multilinear
from .numpy.batching import batch_aligned
from .numpy.selections import moves

__all__ = [
    "ArrayBox", "Box", "axes_of", "batch_aligned", "composite", "declare", "define", "defjvp", "defjvp_all", "defvjp",
    "defvjp_all", "elementwise", "is_box", "linear", "moves", "multilinear", "nondifferentiable", "notrace_primitive",
    "primitive", "reduces", "reduction", "register_array_type", "register_pytree", "runs_along", "unbroadcast",
]


if not TYPE_CHECKING:  # to which it would say that there is every name
    @border
    def __getattr__(name):
        raise unknown_name(__name__, name)
