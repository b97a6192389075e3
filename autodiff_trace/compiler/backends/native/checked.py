"""Checked runs: records run one by one, each after its operands were found to lie in the memory of their bases.

What a unit reaches is not known here: arrays and scratch memory lie next to pages that may not be touched.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterable

import numpy as np

from . import words
from .code import Call, Code, Expect, Flags, Record, Repeat, UfuncCall
from .descriptor import States
from .guard_pages import bounds, guarded
from .packing import Packing, bits
from .runtime import runner
from .symbols import find_ufunc

__all__ = ["OutOfBounds", "checked_run"]


class OutOfBounds(AssertionError):
    """A record reaches memory that is not its operands'."""


class Run:
    """One run of the records of a code, with a state."""

    def __init__(self, code: Code, packed: dict[int, np.ndarray], state: int, cells: int) -> None:
        self.code, self.packed, self.state = code, packed, state
        self.header = (ctypes.c_int64 * (words.CELLS + cells)).from_address(state)
        self.raised = self.seen = 0
        sizes = [(0, code.scratch)]
        sizes += [
            bounds(spec.shape, spec.strides, spec.itemsize) if spec.is_array and spec.size else (0, 16)
            for spec in [*code.inputs, *code.outputs]
        ]
        sizes += [bounds(each.shape, each.strides, each.itemsize) if each.size else (0, 0) for each in code.constants]
        self.ranges = {base: (self.base(base) + low, self.base(base) + high) for base, (low, high) in enumerate(sizes)}

    def base(self, number: int) -> int:
        """Where a base is now."""
        return self.header[words.CELLS + number]

    def records(self, records: Iterable[Record]) -> int:
        """Run these records: 0, or 1 if a guard failed."""
        return int(any(map(self.record, records)))

    def record(self, record: Record) -> int:
        if type(record) is Repeat:
            return self.repeat(record)
        if type(record) is Flags:
            before, self.raised = self.raised, 0
            status = self.records(record.body)
            mine, must = self.raised & ~bits(record.ignored), bits(record.seen)
            self.seen |= mine & must
            self.raised = before | mine & ~must
            return status
        if type(record) is Expect:
            self.check(f"{record}", record.operand.base, self.place(record.operand), 0, 1)
            return int(bool(ctypes.c_ubyte.from_address(self.place(record.operand)).value) is not bool(record.value))
        (self.check_call if type(record) is Call else self.check_ufunc)(record)
        status = runner()(self.packed[id(record)].ctypes.data, self.state)
        self.raised |= self.header[words.RAISED]
        return status

    def repeat(self, record: Repeat) -> int:
        if record.turns <= 0:
            return 0
        for slot, source, _ in record.movers:
            self.header[words.CELLS + slot] = self.place(source)
            self.ranges[slot] = self.ranges[source.base]
        for turn in range(record.turns):
            if turn:
                for slot, _, stride in record.movers:
                    self.header[words.CELLS + slot] += stride
            if self.records(record.body):
                return 1
        return 0

    def place(self, operand: tuple[int, int]) -> int:
        return self.base(operand[0]) + operand[1]

    def check(self, name: str, base: int, place: int, low: int, high: int) -> None:
        """Whether the bytes around a place are within the memory of a base."""
        begin, end = self.ranges[base]
        if not (begin <= place + low and place + high <= end):
            reached = f"bytes {place + low - begin} to {place + high - begin}"
            raise OutOfBounds(f"{name} reaches {reached} of base {base}, which has {end - begin}.")

    def check_call(self, record: Call) -> None:
        if record.stop > record.start:
            for number, operand in enumerate(record.operands):
                self.check(f"operand {number} of {record.unit}", operand.base, self.place(operand), 0, 0)

    def check_ufunc(self, record: UfuncCall) -> None:
        if 0 in record.dims or record.core[:1] == (0,):
            return
        for number, (operand, shape, strides) in enumerate(zip(record.operands, *layouts(record))):
            if 0 not in shape:
                itemsize = np.dtype(record.signature.replace("->", "")[number]).itemsize
                low, high = bounds(shape, strides, itemsize)
                self.check(f"operand {number} of {record.ufunc}", operand.base, self.place(operand), low, high)


def layouts(record: UfuncCall) -> tuple[list[tuple], list[tuple]]:
    """The shape and strides of what each operand reaches: outer dimensions, the loop's own, core dimensions."""
    count = len(record.operands)
    signature = find_ufunc(record.ufunc).signature or ",".join(["()"] * count)
    operands = [re.findall(r"\w+", each) for each in re.findall(r"\(([^)]*)\)", signature)]
    names = list(dict.fromkeys(name for each in operands for name in each))
    lengths = dict(zip(names, record.core[1:]))
    core = iter(record.core_steps[count:])
    shapes, strides = [], []
    for number, each in enumerate(operands):
        outer = record.steps[number] if record.dims else ()
        shapes.append((*record.dims, record.core[0], *[lengths[name] for name in each]))
        strides.append((*outer, record.core_steps[number], *[next(core) for _ in each]))
    return shapes, strides


def checked_run(code: Code, packing: Packing, side: str) -> tuple[States, Callable[[int], int]]:
    """States with guarded scratch memory, and a function that runs the records with one of them and checks each."""
    packed: dict[int, np.ndarray] = {}
    pack(code.records, packing, packed)
    code.constants = [
        np.ndarray(each.shape, each.dtype, guarded(each.nbytes, side, each.tobytes())) if each.size else each
        for each in map(np.ascontiguousarray, code.constants)
    ]
    states = States(code, packing.cells, packing.frame, lambda size: guarded(-(-size // 64) * 64, side))

    def execute(state: int) -> int:
        run = Run(code, packed, state, packing.cells)
        status = run.records(code.records)
        run.header[words.RAISED], run.header[words.SEEN] = run.raised, run.seen
        return status

    return states, execute


def pack(records: Iterable[Record], packing: Packing, packed: dict[int, np.ndarray]) -> None:
    """Pack each record by itself."""
    for record in records:
        if type(record) in (Repeat, Flags):
            pack(record.body, packing, packed)
        elif type(record) is not Expect:
            packing.words = []
            packing.add([record])
            packed[id(record)] = packing.finish()
