"""The runtime: the native code that all regions share, compiled once, and builtins of Python's that run it."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .engine import Module, compile_text
from .entry_text import entry_text
from .interpreter_text import interpreter_text
from .symbols import resolve

__all__ = ["assistant", "builtin", "runner"]

#: Passes over this text, which keeps its variables in memory; those of units are in registers as they are.
PASSES = ("sroa", "instruction_combine", "simplify_cfg")

lock = threading.Lock()


@functools.cache
def runtime() -> Module:
    """The code, which stays for as long as the process."""
    with lock:
        return loaded()


@functools.cache
def loaded() -> Module:
    text = interpreter_text() + entry_text()
    own = {"_Py_NoneStruct": id(None), "_Py_TrueStruct": id(True), "_Py_FalseStruct": id(False), "PyLong_Type": id(int)}
    return compile_text(text, resolve(text, own), ["run", "assist", "entry"], PASSES)


class MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = [
        ("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    ]  # fmt: skip


METH_FASTCALL = 0x0080


@functools.cache
def method() -> MethodDef:
    """What the builtins of all regions have in common; they keep no reference to it."""
    return MethodDef(b"native_region", runtime().address("entry"), METH_FASTCALL, None)


@functools.cache
def new_builtin() -> Callable[..., Any]:
    address = ctypes.cast(ctypes.pythonapi.PyCFunction_NewEx, ctypes.c_void_p).value
    return ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(address)


def builtin(descriptor: np.ndarray) -> Callable[..., Any]:
    """A function of Python's that runs this region. It keeps the descriptor, which has to keep all else."""
    return new_builtin()(ctypes.addressof(method()), descriptor, None)


@functools.cache
def runner() -> Callable[[int, int], int]:
    """``run(records, state)``, for Python: it lets go of Python's lock."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)(runtime().address("run"))


@functools.cache
def assistant() -> Callable[[int], None]:
    """``assist(state)``, for Python: it works on what the thread that runs the records shares, until that is over."""
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(runtime().address("assist"))
