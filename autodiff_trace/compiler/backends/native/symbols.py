"""Symbols: the addresses of what native code calls: NumPy's inner loops and its C functions, Python's, the C library's.

Texts name them and never hold an address, so that compiled objects can be kept. A loop is ``loop.<ufunc>.<signature>``
(``loop.sin.d->d``, ``loop.umath_linalg.solve.dd->d``), what it is given as its last argument ``data.…`` likewise.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import re
import sys
from collections.abc import Mapping

import numpy as np

__all__ = ["c_function", "find_ufunc", "loop_name", "numpy_function", "resolve", "ufunc_loop"]

#: Characters of the dtypes whose loops need no Python: not objects, dates, nor long doubles, whose size differs.
PLAIN = frozenset("?bBhHiIlLqQefdFD")

#: Loops that raise Python's errors for some values, by name and characters of dtypes.
RAISING = {"power": frozenset("bBhHiIlLqQ")}


#: Modules with ufuncs that NumPy does not show, by the first part of their names here.
MODULES = {
    "pocketfft": "numpy.fft._pocketfft_umath", "special": "scipy.special", "umath_linalg": "numpy.linalg._umath_linalg",
}


class UfuncStruct(ctypes.Structure):
    """The beginning of NumPy's PyUFuncObject (numpy/ufuncobject.h), which is part of its ABI."""

    _fields_ = [
        ("references", ctypes.c_ssize_t), ("type", ctypes.c_void_p), ("nin", ctypes.c_int), ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int), ("identity", ctypes.c_int), ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)), ("ntypes", ctypes.c_int), ("reserved1", ctypes.c_int),
        ("name", ctypes.c_char_p), ("types", ctypes.POINTER(ctypes.c_char)),
    ]  # fmt: skip


#: What a loop is given where NumPy has no data for it: a symbol at the address 0 would count as missing.
NOTHING = ctypes.create_string_buffer(16)


def find_ufunc(name: str) -> np.ufunc:
    """The ufunc of this name: ``"sin"``, or ``"umath_linalg.solve"``.

    Raises:
        LookupError: there is none.
    """
    place, _, rest = name.partition(".")
    if place in MODULES:
        module, name = importlib.import_module(MODULES[place]), rest
    else:
        module = np
    ufunc = getattr(module, name, None)
    ufunc = getattr(ufunc, "__wrapped__", ufunc)  # where SCIPY_ARRAY_API is set
    if not isinstance(ufunc, np.ufunc):
        raise LookupError(f"{module.__name__} has no ufunc {name!r}.")
    return ufunc


@functools.cache
def ufunc_loop(name: str, signature: str) -> tuple[int, int]:
    """The addresses of a ufunc's inner loop for dtypes, written ``dd->d``, and of its data.

    Raises:
        LookupError: there is no such loop, or it is not one that can be called without Python.
    """
    ufunc = find_ufunc(name)
    characters = signature.replace("->", "")
    if not set(characters) <= PLAIN:
        raise LookupError(f"The loop {signature} of {name} needs Python.")
    if name in RAISING and set(characters) <= RAISING[name]:
        raise LookupError(f"The loop {signature} of {name} may raise an error of Python's.")
    inside = UfuncStruct.from_address(id(ufunc))
    if not is_as_expected(inside, ufunc):
        raise LookupError(f"{name} is laid out in another way than expected.")
    if signature not in ufunc.types:
        raise LookupError(f"{name} has no loop {signature}: it has {ufunc.types}.")
    index = ufunc.types.index(signature)
    address, data = inside.functions[index], inside.data[index] if inside.data else None
    if not address:
        raise LookupError(f"The loop {signature} of {name} is made when it is called.")
    return address, data or ctypes.addressof(NOTHING)


def loop_name(ufunc: np.ufunc) -> str:
    """The name by which this very ufunc is found; others may have the name of one of NumPy's.

    Raises:
        LookupError: it is none of NumPy's or SciPy's.
    """
    for name in (ufunc.__name__, f"special.{ufunc.__name__}" if "scipy.special" in sys.modules else ""):
        try:
            if find_ufunc(name) is ufunc:
                return name
        except LookupError:
            continue
    raise LookupError(f"{ufunc.__name__} is neither NumPy's nor SciPy's.")


def has_loop(ufunc: np.ufunc, signature: str) -> bool:
    """Whether a ufunc has a loop that can be called."""
    try:
        return bool(ufunc_loop(loop_name(ufunc), signature))
    except LookupError:
        return False


def is_as_expected(inside: UfuncStruct, ufunc: np.ufunc) -> bool:
    """Whether the struct says what Python says of the ufunc: all its numbers first, before a pointer is followed."""
    if (inside.type, inside.nin, inside.nout, inside.nargs, inside.ntypes) != (
        id(type(ufunc)), ufunc.nin, ufunc.nout, ufunc.nargs, ufunc.ntypes,
    ) or not (inside.functions and inside.name and inside.types):  # fmt: skip
        return False
    types = inside.types[: ufunc.nargs * ufunc.ntypes].decode("latin-1")
    # NumPy's characters of loops are its numbers of types.
    characters = "".join(ufunc.types).replace("->", "")
    return inside.name.decode() == ufunc.__name__ and [np.dtype(each).num for each in characters] == [*map(ord, types)]


@functools.cache
def numpy_table() -> ctypes.Array:
    """NumPy's table of C functions (numpy/__multiarray_api.h), whose places are part of its ABI."""
    module = sys.modules.get("numpy._core._multiarray_umath") or sys.modules["numpy.core._multiarray_umath"]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    address = prototype(ctypes.cast(pointer, ctypes.c_void_p).value)(module._ARRAY_API, None)
    return (ctypes.c_void_p * 306).from_address(address)


#: Places in the table.
PLACES = {"PyArray_Type": 2, "PyArray_Scalar": 60, "PyArray_NewFromDescr": 94, "PyArray_EquivTypes": 182}


def numpy_function(name: str) -> int:
    """The address of a C function of NumPy's."""
    return numpy_table()[PLACES[name]]


@functools.cache
def c_function(name: str) -> int:
    """The address of a function of Python's or of the C library's.

    Raises:
        LookupError: there is none.
    """
    for library in libraries():
        try:
            return ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        except AttributeError:
            continue
    raise LookupError(f"There is no function {name!r}.")


@functools.cache
def libraries() -> list[ctypes.CDLL]:
    """Where the functions are looked for."""
    found = [ctypes.pythonapi]
    for name in ("ucrtbase", "kernel32") if sys.platform == "win32" else (None, "libm.so.6"):
        try:
            found.append(ctypes.CDLL(name))
        except (OSError, TypeError):
            continue
    return found


#: Symbols that a text declares: its own functions are defined, LLVM's begin with "llvm.".
DECLARED = re.compile(r'^declare [^@]*@(?:"([^"]+)"|([\w.$]+))|^@(?:"([^"]+)"|([\w.$]+)) = external', re.M)


def resolve(text: str, own: Mapping[str, int] = {}) -> dict[str, int]:  # noqa: B006 (nobody writes it)
    """The addresses of all that a text declares, ``own`` first.

    Raises:
        LookupError: something is nowhere.
    """
    found = {}
    for groups in DECLARED.findall(text):
        name = next(filter(None, groups))
        if not name.startswith("llvm.") and name not in found:
            found[name] = own[name] if name in own else address_of(name)
    return found


def address_of(name: str) -> int:
    """The address of a symbol by its name."""
    kind, _, rest = name.partition(".")
    if kind in ("loop", "data") and rest:
        ufunc, _, signature = rest.rpartition(".")
        return ufunc_loop(ufunc, signature)[kind == "data"]
    return numpy_function(name) if name in PLACES else c_function(name)
