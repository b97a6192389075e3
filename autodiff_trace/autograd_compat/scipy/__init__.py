"""``autograd.scipy``: SciPy's functions with derivatives. Each module is loaded when it is asked for."""

from importlib import import_module

from ... import scipy as _native  # noqa: F401  (without SciPy this says how to get it)

MODULES = frozenset("integrate linalg signal special stats".split())

__all__ = sorted(MODULES)


def __getattr__(name):
    if name in MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *MODULES])
