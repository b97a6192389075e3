"""NumPy's functions, traced. ``from autodiff_trace import numpy as anp`` and write NumPy with ``anp``."""

from . import wrapped
from . import random as random
from . import rules as rules
from . import batching as batching
from . import taylor as taylor
from .array_box import ArrayBox as ArrayBox
from .array_box import register_array_type as register_array_type

from .buffers import make_buffers

globals().update({name: value for name, value in vars(wrapped).items() if not name.startswith("_")})
globals().update(make_buffers())
__all__ = [name for name in globals() if not name.startswith("_")]
