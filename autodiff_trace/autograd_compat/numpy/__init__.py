"""``autograd.numpy``: NumPy's names, of which the functions are those of ``autodiff_trace.numpy``."""

from ... import numpy as _native
from ...core.tracer import Box as Box
from . import numpy_wrapper as numpy_wrapper
from . import numpy_boxes as numpy_boxes
from . import numpy_vspaces as numpy_vspaces
from . import random as random
from . import linalg as linalg
from . import numpy_vjps as numpy_vjps
from . import fft as fft
from . import numpy_jvps as numpy_jvps

globals().update({name: value for name, value in vars(numpy_wrapper).items() if not name.startswith("_")})
custom_where = numpy_wrapper.where
__version__ = numpy_wrapper.numpy_version


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_native, name)  # constants and modules that autograd leaves to NumPy
