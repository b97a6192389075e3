"""SciPy's functions, traced: ``from autodiff_trace import scipy`` and write SciPy. SciPy computes, rules differentiate.

Each module (``special``, ``stats``, ``linalg`` …) is loaded when it is asked for.
"""

from importlib import import_module
from importlib.util import find_spec

if find_spec("scipy") is None:
    raise ModuleNotFoundError(
        "autodiff_trace.scipy needs SciPy, which is not installed: pip install 'autodiff_trace[scipy]'", name="scipy"
    )

MODULES = frozenset("""
    fft integrate interpolate linalg ndimage optimize signal sparse spatial special stats
""".split())
"""The modules of SciPy that have a traced form."""

__all__ = sorted(MODULES)


def __getattr__(name):
    if name in MODULES:
        return import_module(f"{__name__}.{name}")
    import scipy

    if name.startswith("_") or not hasattr(scipy, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(scipy, name)


def __dir__():
    return sorted([*globals(), *MODULES])
