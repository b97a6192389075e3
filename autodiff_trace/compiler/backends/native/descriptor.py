"""Descriptors: what a region takes, gives and runs, packed for the native entry; and the memory of its calls."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...ir.spec import Spec, c_strides
from . import words
from .code import Code

__all__ = ["Descriptor", "States", "describe", "unsupported"]

F_CONTIGUOUS = 2  # NPY_ARRAY_F_CONTIGUOUS
PYTHON = {float: words.FLOAT, int: words.INT, bool: words.BOOL, complex: words.COMPLEX}


class Descriptor(np.ndarray):
    """An array of words for native code, with attributes that keep alive what it points to."""


def unsupported(code: Code) -> str | None:
    """What of the inputs and outputs cannot be had, or None."""
    for spec in [*code.inputs, *code.outputs]:
        if spec.dtype is None and spec.kind not in PYTHON:
            return f"a value of type {spec.kind.__name__}"
        if spec.dtype is not None and (not spec.dtype.isnative or spec.dtype.char not in "?bBhHiIlLqQefdFD"):
            return f"the dtype {spec.dtype}"
    for spec in code.outputs:
        if spec.is_array and spec.size and extent(spec) != spec.nbytes:
            return f"a new array of shape {spec.shape} and strides {spec.strides}"
    return None


def extent(spec: Spec) -> int:
    """How many bytes an array reaches over, from its first element on; -1 if it goes backwards or overlaps itself."""
    end = spec.itemsize
    for stride, length in sorted(zip(spec.strides, spec.shape)):
        if length > 1:
            if stride != end:
                return -1
            end *= length
    return end


def input_words(spec: Spec) -> list[int]:
    """What an input has to be."""
    if spec.is_array:
        axes = [
            word for length, stride in zip(spec.shape, spec.strides)
            for word in (length, stride, -1 if spec.size and length > 1 else 0)
        ]  # fmt: skip
        return record(words.ARRAY, id(spec.dtype), spec.ndim, *axes)
    if spec.kind in (int, bool):
        return record(PYTHON[spec.kind], 0, 0)
    wide = spec.kind is complex or spec.itemsize == 16
    return record(words.BYTES, id(spec.kind), int(wide))


def output_words(spec: Spec) -> list[int]:
    """What an output is."""
    if not spec.is_array:
        return record(words.SCALAR if spec.dtype is not None else PYTHON[spec.kind], id(spec.dtype), 0)
    fortran = c_strides(spec.shape[::-1], spec.itemsize)[::-1]
    natural = spec.strides == c_strides(spec.shape, spec.itemsize)
    given = not natural and spec.strides != fortran
    flags = 0 if natural or given else F_CONTIGUOUS
    return record(words.ARRAY, id(spec.dtype), spec.ndim, int(given), flags, *spec.shape, *spec.strides)


def record(kind: int, *rest: int) -> list[int]:
    return [kind, 2 + len(rest), *rest]


class States:
    """The memory of calls: one state for each that is under way at the same time. It is kept for the next.

    Attributes:
        blocks: the memory.
    """

    def __init__(self, code: Code, cells: int, frame: int, allocate: Callable[[int], np.ndarray] | None = None) -> None:
        self.cells, self.frame, self.scratch, self.constants = cells, frame, max(code.scratch, 1), code.constants
        self.numbers = len(code.inputs) + len(code.outputs)
        self.allocate = allocate or self.aligned
        self.blocks: list = []
        head = words.CELLS + cells + frame + len(code.outputs) + 1
        self.head = 8 * (head + head % 2)

    def slot(self, state: int, base: int) -> int:
        """The address of the number that is this base."""
        return state + self.head + 16 * (base - 1)

    def new(self) -> int:
        """The address of a new state."""
        numbers = self.numbers
        block, scratch = self.aligned(self.head + 16 * numbers), self.allocate(self.scratch)
        block[:] = 0
        view = block[: self.head].view(np.int64)
        start = block.ctypes.data
        first = words.CELLS
        view[words.FRAME] = start + 8 * (first + self.cells)
        view[words.RESULTS] = start + 8 * (first + self.cells + self.frame)
        view[first] = scratch.ctypes.data
        view[first + 1 : first + 1 + numbers] = start + self.head + 16 * np.arange(numbers)
        for place, constant in enumerate(self.constants, first + 1 + numbers):
            view[place] = constant.ctypes.data
        self.blocks.append((block, scratch))
        return start

    @staticmethod
    def aligned(size: int) -> np.ndarray:
        """So many bytes, beginning where a cache line does."""
        block = np.empty(size + 64, np.uint8)
        start = -block.ctypes.data % 64
        return block[start : start + size]


def describe(code: Code, program: np.ndarray, states: States) -> Descriptor:
    """The descriptor of a region with this program."""
    inputs, outputs = (
        np.array([word for spec in specs for word in form(spec)], np.int64)
        for specs, form in ((code.inputs, input_words), (code.outputs, output_words))
    )
    made = np.zeros(words.DESCRIPTOR_WORDS, np.int64).view(Descriptor)
    made.keep = [inputs, outputs, program, code.inputs, code.outputs]
    made[words.INPUTS], made[words.OUTPUTS] = len(code.inputs), len(code.outputs)
    made[words.INPUT_RECORDS], made[words.OUTPUT_RECORDS] = inputs.ctypes.data, outputs.ctypes.data
    made[words.PROGRAM] = program.ctypes.data
    made.new_state = lambda _: states.new()
    made[words.NEW_STATE] = id(made.new_state)
    return made
