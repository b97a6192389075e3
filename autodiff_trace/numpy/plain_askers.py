"""Who asks a traced value for a plain array, and what to write instead: NumPy, masked arrays, or another package.

NumPy's compiled functions leave no frame on the stack: what the user's line calls is looked up instead.
"""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from types import FrameType
from typing import Any

import numpy as np

from ..core.asking import users_call
from ..core.errors import PACKAGE_NAME, caller_line, is_own_file, is_users_file

__all__ = ["why_asked"]

OF_LABELS = "pandas", "polars", "xarray"
"""Packages whose objects have ``to_numpy``."""

SERIES = {"chebyshev": "cheb", "legendre": "leg", "hermite": "herm", "hermite_e": "herme", "laguerre": "lag"}
"""By the modules of ``np.polynomial``, how the names of their functions begin."""

AREAS = "", "linalg", "fft", "emath", "rec", "testing"
ARRAYS = "array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"


def why_asked() -> str | None:
    """What to tell a user where a plain array of a box is asked for; None where it is not known by whom."""
    frame: FrameType | None = sys._getframe(1)
    package = last = None
    while frame is not None and not is_users_file(frame.f_code.co_filename):
        name = frame.f_globals.get("__name__", "")
        if name.startswith("numpy.ma"):
            return (
                "a masked array computes with plain arrays alone, which would drop the derivative of a traced one "
                f"({caller_line()}). Write x.filled(value) in its place."
            )
        if not is_own_file(frame.f_code.co_filename):
            package = None if name.startswith("numpy") else name.partition(".")[0]
            last = frame
        frame = frame.f_back
    if package is not None:
        instead = (
            f"Write x.to_numpy() in the place of what is of {package}; for the plain value take to_numpy(x)"
            if package in OF_LABELS else "Give it the plain value, to_numpy(x), of autodiff_trace"
        )
        return reason(package, instead)
    found = numpy_way(last) if last is not None else way_of(users_call())
    return found and reason(found[0], f"{found[1]}; for the plain value take to_numpy(x)")


def reason(who: str, instead: str) -> str:
    return f"{who} asks a traced value for a plain array, which would drop its derivative ({caller_line()}). {instead}."


def numpy_way(frame: FrameType) -> tuple[str, str] | None:
    """What a user calls the function of NumPy that runs in a frame, and what to write instead of it."""
    module, owner = frame.f_globals["__name__"], frame.f_locals.get("self")
    kind = type(owner).__name__
    if module.startswith("numpy.polynomial"):
        return "np.polynomial", polynomial_way((type(owner).__module__ if owner is not None else module).split(".")[-1])
    if kind == "vectorize":
        return "np.vectorize", (
            "Call the function with the array itself, where it is written with anp, or write vmap(f)(x)"
        )
    if owner is not None:
        objects = [name for name, value in vars(np).items() if value is owner]
        return instead_of("", objects[0] if objects else kind)
    name = frame.f_code.co_name
    for area in AREAS:
        function = getattr(getattr(np, area) if area else np, name, None)
        if function is not None and getattr(inspect.unwrap(function), "__code__", None) is frame.f_code:
            return instead_of(area, name)
    return None


def polynomial_way(module: str) -> str:
    """What to write instead of a function or a class of a module of ``np.polynomial``."""
    if module == "polynomial":
        return "Write anp.polyval(coefficients, x), the highest power first"
    if module not in SERIES:
        return "Write the polynomial out"
    start = f"np.polynomial.{module}.{SERIES[module]}"
    return (
        f"For a traced x write {start}val(x, c), with plain coefficients c (of a series p, p.convert().coef); for "
        f"traced c, {start}vander(x, len(c) - 1) @ c"
    )


def instead_of(area: str, name: str) -> tuple[str, str] | None:
    """The name of a function of NumPy in ``np``, or in its module ``area``, and what to write; else None."""
    anp = import_module(f"{PACKAGE_NAME}.numpy")
    plain, traced = (getattr(np, area), getattr(anp, area, None)) if area else (np, anp)
    path = f"{area}.{name}" if area else name
    if area == "emath":
        return f"np.{path}", f"Write np.{path}(anp.array([x, y])), of autodiff_trace.numpy"
    if name.startswith("_") or not hasattr(plain, name):
        return None
    if getattr(traced, name, None) in (None, getattr(plain, name)):
        return f"np.{path}", "There is no form of it that follows derivatives"
    return f"np.{path}", f"Write anp.{path}, of autodiff_trace.numpy"


def way_of(called: Any) -> tuple[str, str] | None:
    """The same for a compiled function, which the user's line calls."""
    name = getattr(called, "__name__", "")
    if isinstance(getattr(called, "__self__", None), (np.random.Generator, np.random.RandomState)):
        if name in ("choice", "permutation", "permuted", "shuffle"):
            return f"{name}() of np.random", "Draw positions instead: x[rng.permutation(len(x))]"
        if name in ("integers", "randint"):
            return f"{name}() of np.random", "Bounds are plain: int(x)"
        return f"{name}() of np.random", "Transform the draw instead: loc + scale * rng.normal(size=n)"
    if called is np.arange:
        return "np.arange", "Write start + step * np.arange(n), with a plain n"
    if isinstance(called, type) and issubclass(called, np.generic):
        return f"np.{name}", f"Write x.astype(np.{name}), or x alone"
    is_numpys = name not in ARRAYS and called is not None and getattr(np, name, None) is called
    return instead_of("", name) if is_numpys else None
