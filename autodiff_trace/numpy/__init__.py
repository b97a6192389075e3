"""NumPy's functions, traced. ``from autodiff_trace import numpy as anp`` and write NumPy with ``anp``."""

import sys
from importlib import import_module

import numpy as np

from ..core.collection import collection_paused
from ..core.tracebacks import border
from ..core.unknown_names import unknown_name

with collection_paused():
    from . import wrapped
    from . import rules as rules

from . import flat as flat
from . import shared_results as shared_results
from . import array_layer as array_layer
from .array_box import ArrayBox as ArrayBox
from .array_types import register_array_type as register_array_type
from .buffers import make_buffers
from .concatenators import CONCATENATORS

globals().update({name: value for name, value in vars(wrapped).items() if not name.startswith("_")})
globals().update(make_buffers())
globals().update(CONCATENATORS)
_own = {"collection_paused", "import_module", "np", "sys", "unknown_name", "why_removed"}
__all__ = [name for name in globals() if not name.startswith("_") and name not in _own]


@border
def __getattr__(name):
    if name == "random":  # NumPy loads it when it is asked for (10 of 60 ms), and so do we
        return import_module(f"{__name__}.random")
    if name == "special" and "scipy.special" in sys.modules:  # SciPy looks here, of arrays that are not NumPy's
        return import_module(f"{__name__.rpartition('.')[0]}.scipy.special")
    if hasattr(np, name) and (not name.startswith("_") or name in ("__array_namespace_info__", "__version__")):
        return getattr(np, name)  # NumPy's other modules; their functions hand traced arrays to ours
    raise unknown_name(__name__, name, why_removed(name))


def why_removed(name):
    """What NumPy says of a name that it had once."""
    try:
        getattr(np, name)
    except AttributeError as error:
        text = str(error).removeprefix(f"module 'numpy' has no attribute {name!r}").lstrip(".\n")
        return f". {text}" if text else ""
    return ""
