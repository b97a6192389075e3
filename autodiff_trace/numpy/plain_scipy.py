"""Plain SciPy meets a traced value: its ufuncs find their traced forms, and what asks for a plain array is named.

SciPy is known here by ``sys.modules`` and by the frames of the stack alone: nothing of it is imported before the user
has done so.
"""

from __future__ import annotations

import inspect
import itertools
import os
import sys
from collections.abc import Callable
from importlib import import_module
from types import FrameType, ModuleType

import numpy as np

from ..core.errors import PACKAGE, PACKAGE_NAME, caller_line, is_users_file
from .namespace import wrapped_functions

__all__ = ["find_ufunc", "why_no_plain_value"]

TRACED = f"{__name__.partition('.')[0]}.scipy"
"""The package of the traced forms."""


def find_ufunc(ufunc: np.ufunc) -> Callable | None:
    """The traced form of a ufunc of ``scipy.special``, which is loaded for that; None of any other."""
    special = sys.modules.get("scipy.special")
    if special is None or inspect.unwrap(getattr(special, ufunc.__name__, ufunc)) is not ufunc:
        return None
    import_module(f"{TRACED}.special")
    return wrapped_functions.get(ufunc)


def why_no_plain_value(use: str) -> str | None:
    """What to tell a user where a function of SciPy asks for the plain value of a box, and which traced form there is.

    None where it is not SciPy that asks, or where it is called by a traced form of its own.
    """
    name = asking_function()
    if name is None:
        return None
    traced = import_module(TRACED)
    area = name.split(".")[1]
    passed_on = find_passed_on(name, traced) if area in traced.MODULES else f"scipy.{area}"
    if passed_on is None and inspect.ismodule(sys.modules.get(name)):
        instead = f"Call it from {PACKAGE_NAME}.{name}, if it is there; or"
    elif passed_on is None:
        instead = (
            f"Write {TRACED}.{name.partition('.')[2]} instead, after `from {TRACED.partition('.')[0]} import scipy`; or"
        )
    else:
        instead = f"There is no traced form of {passed_on}:"
    return (
        f"{name} asks for {use} of a traced value, which would drop its derivative ({caller_line()}). {instead} take "
        "the plain value with to_numpy(x)."
    )


def find_passed_on(name: str, traced: ModuleType) -> str | None:
    """How far ``name`` goes to what the traced package has not, or passes on as it is; None if it has a form of all."""
    plain, way = sys.modules["scipy"], ["scipy"]
    for part in name.split(".")[1:]:
        plain, traced = getattr(plain, part, None), getattr(traced, part, None)
        way.append(part)
        if plain is None or traced is None or plain is traced:
            break
    return ".".join(way) if plain is not None and traced in (None, plain) else None


def asking_function() -> str | None:
    """The public name of the function of SciPy that the user has called, "scipy.linalg.solve"."""
    package = sys.modules.get("scipy")
    if package is None or getattr(package, "__file__", None) is None:
        return None
    folder = os.path.dirname(package.__file__) + os.sep
    frames: list[FrameType] = []
    frame = sys._getframe(1)
    while frame is not None and not is_users_file(file := frame.f_code.co_filename):
        if file.startswith(folder):
            frames.append(frame)
        elif frames and file.startswith(PACKAGE):
            return None
        frame = frame.f_back
    names = [public_name(frame, folder) for frame in reversed(frames)]
    return next((name for name in names if name), None) or (f"scipy.{area_of(frames[-1], folder)}" if frames else None)


def area_of(frame: FrameType, folder: str) -> str:
    """The public module, below SciPy, in which the code of a frame stands: "linalg", "spatial.transform"."""
    parts = frame.f_code.co_filename.removeprefix(folder).removesuffix(".py").split(os.sep)
    return ".".join(itertools.takewhile(lambda part: not part.startswith("_"), parts)) or "_lib"


def public_name(frame: FrameType, folder: str) -> str | None:
    """The public name of what runs in a frame: of a function, of the function that a wrapper has been made for, of a
    class that is being made, or of a method."""
    parts = frame.f_code.co_filename.removeprefix(folder).removesuffix(".py").split(os.sep)
    names = [".".join(["scipy", *parts[:count]]) for count in range(len(parts), 0, -1)]
    modules = {name: vars(sys.modules[name]) for name in names if "._" not in name and name in sys.modules}
    if not modules:
        modules = {f"scipy.{area}": vars(module) for area, module in vars(sys.modules["scipy"]).items()
                   if inspect.ismodule(module) and not area.startswith("_")}
    function = frame.f_code.co_name
    held = [value for value in frame.f_locals.values() if inspect.isfunction(value)]
    for name, scope in modules.items():
        if frame.f_code.co_varnames[:1] in (("self",), ("cls",)):
            owner = owner_name(frame.f_locals.get(frame.f_code.co_varnames[0]), scope)
            if owner is not None:
                return f"{name}.{owner}" + ("" if function in ("__init__", "__call__") else f".{function}")
        elif callable(scope.get(function)) and not function.startswith("_"):
            return f"{name}.{function}"
        for wrapped in held:
            public = scope.get(wrapped.__name__)
            if public is not None and inspect.unwrap(public) is inspect.unwrap(wrapped):
                return f"{name}.{wrapped.__name__}"
    return None


def owner_name(owner: object, scope: dict) -> str | None:
    """What the owner of a method is called in ``scope``: its class, else itself, else an object of the same class, as
    ``norm`` of ``norm_gen``, else the nearest class from which its class is made."""
    first = owner if isinstance(owner, type) else type(owner)
    kinds = [kind.__name__ for kind in first.__mro__ if scope.get(kind.__name__) is kind]
    if kinds[:1] == [first.__name__]:
        return kinds[0]
    public = {name: value for name, value in scope.items() if not name.startswith("_")}
    objects = [name for name, value in public.items() if value is owner]
    objects += [name for name, value in public.items() if type(value) is first]
    return next(iter(objects + kinds), None)
