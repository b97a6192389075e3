"""``autograd.numpy``: NumPy's names, of which the functions are those of ``autodiff_trace.numpy``.

Clients walk the names of this module, and wrap the functions: it has no others, and no ``__getattr__``.
"""

import numpy as _np

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
globals().update({  # constants that autograd leaves to NumPy: mgrid, s_, True_
    name: value for name, value in vars(_np).items()
    if not name.startswith("_") and name not in globals() and not isinstance(value, type(_np))
})
custom_where = numpy_wrapper.where
__version__ = numpy_wrapper.numpy_version
