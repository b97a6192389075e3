"""Layouts: where in objects of CPython and NumPy native code finds what it reads. They are checked once, against what
Python says of a few objects; where one is not as expected, objects are taken apart in Python."""

from __future__ import annotations

import ctypes
import functools

import numpy as np

from .symbols import numpy_function

__all__ = ["LAYOUT", "is_expected"]

#: Bytes from the beginning of an object: its type; a number's value; the fields of NumPy's PyArrayObject
#: (numpy/ndarraytypes.h, part of its ABI); the items of a tuple.
LAYOUT = {
    "OBJECT_TYPE": 8, "NUMBER_VALUE": 16, "TUPLE_ITEMS": 24,
    "ARRAY_DATA": 16, "ARRAY_NDIM": 24, "ARRAY_SHAPE": 32, "ARRAY_STRIDES": 40, "ARRAY_DTYPE": 56, "ARRAY_FLAGS": 64,
    "ALIGNED": 0x100,
}  # fmt: skip


@functools.cache
def is_expected() -> bool:
    """Whether all layouts are as expected."""
    try:
        return (
            object.__basicsize__ == 16
            and numpy_function("PyArray_Type") == id(np.ndarray)
            and all(map(is_array_expected, arrays()))
            and all(map(is_number_expected, numbers()))
            and word((1, 2), 24) == id((1, 2)[0])
        )
    except (AttributeError, LookupError, ValueError):
        return False


def word(value: object, offset: int) -> int:
    return ctypes.c_int64.from_address(id(value) + offset).value


def arrays() -> list[np.ndarray]:
    """Arrays of several layouts."""
    block = np.arange(24.0).reshape(2, 3, 4)
    odd = np.zeros(33, np.int8)[1:].view(np.float64)
    return [block, block.T, block[1, ::2, ::-1], np.array(1.5), np.ones(3, np.float32), np.ones((0, 2), complex), odd]


def is_array_expected(array: np.ndarray) -> bool:
    """Whether the fields of this array are where they are looked for."""
    head = [word(array, LAYOUT[field]) for field in ("OBJECT_TYPE", "ARRAY_DATA", "ARRAY_DTYPE")]
    ndim = ctypes.c_int.from_address(id(array) + LAYOUT["ARRAY_NDIM"]).value
    flags = ctypes.c_int.from_address(id(array) + LAYOUT["ARRAY_FLAGS"]).value
    if head != [id(np.ndarray), array.ctypes.data, id(array.dtype)] or ndim != array.ndim:
        return False
    if bool(flags & LAYOUT["ALIGNED"]) != array.flags.aligned:
        return False
    shape, strides = [
        tuple((ctypes.c_int64 * ndim).from_address(word(array, LAYOUT[field]))) if ndim else ()
        for field in ("ARRAY_SHAPE", "ARRAY_STRIDES")
    ]
    return (shape, strides) == (array.shape, array.strides)


def numbers() -> list:
    """A number of each type whose value is read where it is."""
    named = [np.dtype(character).type(7) for character in "?bBhHiIlLqQefdFD"]
    return [2.5, 1.5 - 3j, *named]


def is_number_expected(value: object) -> bool:
    """Whether the bytes of this number's value are where they are looked for."""
    expected = np.asarray(value).tobytes()
    enough = type(value).__basicsize__ >= LAYOUT["NUMBER_VALUE"] + len(expected)
    found = ctypes.string_at(id(value) + LAYOUT["NUMBER_VALUE"], len(expected)) if enough else b""
    return word(value, LAYOUT["OBJECT_TYPE"]) == id(type(value)) and found == expected
