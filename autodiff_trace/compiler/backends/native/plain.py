"""Plain regions: the native entry's work done in Python, around the native records. It stands in for the entry where
objects are laid out in another way than it expects, and for checks, where records are run one by one."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.spec import Spec
from . import words
from .code import Code
from .descriptor import States
from .handling import is_visible

__all__ = ["Memory", "new_array", "plain_region"]

#: How Python's numbers are put into slots.
DTYPES = {float: np.dtype("f8"), int: np.dtype("i8"), bool: np.dtype("?"), complex: np.dtype("c16")}


class Memory:
    """Where inputs are read and results are written: where they are. Checks have memory of their own."""

    def enter(self, value: np.ndarray) -> np.ndarray:
        """The array in which native code reads this input."""
        return value

    def new(self, spec: Spec) -> np.ndarray:
        """An array for a result."""
        return new_array(spec)

    def leave(self, array: np.ndarray, spec: Spec) -> np.ndarray:
        """What the caller gets of it."""
        return array


def plain_region(
    code: Code, states: States, execute: Callable[[int], int], memory: Memory = Memory(), keep: Any = None  # noqa: B008
) -> Callable[..., Any]:
    """A function that does what the region's builtin does. ``execute(state)`` runs the records and gives 0, or 1 where
    a guard failed; ``keep`` is kept for as long as the function."""
    free: list[int] = []
    inputs, outputs = list(enumerate(code.inputs, 1)), list(enumerate(code.outputs, 1 + len(code.inputs)))

    def region(*values: Any) -> Any:
        try:
            state = free.pop()
        except IndexError:
            state = states.new()
        try:
            return call(state, values)
        finally:
            free.append(state)

    def call(state: int, values: tuple) -> Any:
        header = (ctypes.c_int64 * (words.CELLS + states.cells)).from_address(state)
        if len(values) != len(inputs) or not all(map(fits, values, code.inputs)):
            return None
        alive = [keep]
        for (base, spec), value in zip(inputs, values):
            if spec.is_array:
                alive.append(memory.enter(value))
                header[words.CELLS + base] = address(alive[-1])
            else:
                raw = np.asarray(value, spec.dtype or DTYPES[spec.kind]).tobytes()
                ctypes.memmove(states.slot(state, base), raw, len(raw))
        results: list = [memory.new(spec) if spec.is_array else None for spec in code.outputs]
        for (base, _), array in zip(outputs, results):
            if array is not None:
                header[words.CELLS + base] = address(array)
        if execute(state):
            return None
        if header[words.SEEN] or header[words.RAISED] and is_visible(header[words.RAISED]):
            return None
        for place, (base, spec) in enumerate(outputs):
            array = results[place]
            results[place] = read(states.slot(state, base), spec) if array is None else memory.leave(array, spec)
        return results[0] if len(results) == 1 else tuple(results)

    return region


def fits(value: Any, spec: Spec) -> bool:
    """Whether a value is what the region takes."""
    if type(value) is not spec.kind:
        return False
    if spec.kind is int:
        return -(2**63) <= value < 2**63
    if not spec.is_array:
        return True
    strides = [pair for pair, length in zip(zip(value.strides, spec.strides), spec.shape) if spec.size and length > 1]
    return (
        value.dtype == spec.dtype and value.shape == spec.shape and value.flags.aligned
        and all(stride == expected for stride, expected in strides)
    )  # fmt: skip


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def read(slot: int, spec: Spec) -> Any:
    """The number in a slot."""
    dtype = spec.dtype or DTYPES[spec.kind]
    value = np.frombuffer(ctypes.string_at(slot, dtype.itemsize), dtype)[0]
    return value if spec.dtype is not None else value.item()


def new_array(spec: Spec, block: np.ndarray | None = None) -> np.ndarray:
    """An array of this layout, in the bytes of a block if there is one."""
    if block is None:
        block = np.empty(spec.nbytes, np.uint8)
    return np.ndarray(spec.shape, spec.dtype, block, 0, spec.strides)
