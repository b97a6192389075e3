"""NumPy's functions, traced. ``from autodiff_trace import numpy as anp`` and write NumPy with ``anp``."""

from . import wrapped
from . import rules as rules
from . import batching as batching
from . import taylor as taylor
from . import flat as flat
from .array_box import ArrayBox as ArrayBox
from .array_box import register_array_type as register_array_type
from .buffers import make_buffers

globals().update({name: value for name, value in vars(wrapped).items() if not name.startswith("_")})
globals().update(make_buffers())
__all__ = [name for name in globals() if not name.startswith("_")]


def __getattr__(name):
    if name == "random":  # NumPy loads it when it is asked for (10 of 60 ms), and so do we
        from importlib import import_module

        return import_module(f"{__name__}.random")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
