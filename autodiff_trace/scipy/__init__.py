"""SciPy's functions, traced: ``from autodiff_trace import scipy`` and write SciPy. SciPy computes, rules differentiate.

Each module (``special``, ``stats``, ``linalg`` …) is loaded when it is asked for.
"""

from importlib import import_module
from importlib.util import find_spec

if find_spec("scipy") is None:
    raise ModuleNotFoundError(
        "autodiff_trace.scipy needs SciPy, which is not installed: pip install 'autodiff_trace[scipy]'", name="scipy"
    )

import scipy as plain  # noqa: E402

if tuple(map(int, plain.__version__.split(".")[:2])) < (1, 13):
    raise ImportError(
        f"autodiff_trace.scipy needs SciPy 1.13 or later, and {plain.__version__} is installed: "
        "pip install --upgrade 'autodiff_trace[scipy]'", name="scipy"
    )

MODULES = frozenset("""
    fft integrate interpolate linalg ndimage optimize signal sparse spatial special stats
""".split())
"""The modules of SciPy that have a traced form."""

__all__ = sorted(MODULES)


def __getattr__(name):
    if name in MODULES:
        return import_module(f"{__name__}.{name}")
    if name.startswith("_") and name != "__version__" or not hasattr(plain, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(plain, name)


def __dir__():
    return sorted([*globals(), *MODULES])
