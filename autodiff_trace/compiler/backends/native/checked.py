"""Checked runs: records run one by one, each after its operands were found to lie in the memory of their bases.

What a unit reaches is not known here: arrays and scratch memory lie next to pages that may not be touched.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from . import words
from .bounds import OutOfBounds, memory_of, reaches
from .code import At, Code, Expect, Flags, Record, Repeat
from .descriptor import States
from .guard_pages import GuardedMemory, guarded
from .packing import Packing, bits
from .runtime import runner

__all__ = ["checked_run"]


class Run:
    """One run of the records of a code, with a state."""

    def __init__(self, code: Code, packed: dict[int, np.ndarray], state: int, cells: int) -> None:
        self.code, self.packed, self.state = code, packed, state
        self.header = (ctypes.c_int64 * (words.CELLS + cells)).from_address(state)
        self.raised = self.seen = 0
        memory = enumerate(memory_of(code))
        self.ranges = {base: (self.base(base) + low, self.base(base) + high) for base, (low, high) in memory}

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
        self.check(record)
        if type(record) is Expect:
            return int(bool(ctypes.c_ubyte.from_address(self.place(record.operand)).value) is not bool(record.value))
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

    def place(self, operand: At) -> int:
        return self.base(operand[0]) + operand[1]

    def check(self, record: Record) -> None:
        """Raise OutOfBounds if the record reaches beyond the memory that its bases are in."""
        for name, operand, low, high in reaches(record):
            begin, end = self.ranges[operand.base]
            first, last = self.place(operand) + low - begin, self.place(operand) + high - begin
            if not 0 <= first <= last <= end - begin:
                reached = f"bytes {first} to {last} of the memory of base {operand.base}"
                raise OutOfBounds(f"{name} reaches {reached}, which has {end - begin}.")


def checked_run(code: Code, packing: Packing, side: str) -> tuple[States, Callable[[int], int]]:
    """States with guarded scratch memory, and a function that runs the records with one of them and checks each."""
    packed: dict[int, np.ndarray] = {}
    pack(code.records, packing, packed)
    code = replace(code, constants=[GuardedMemory(side).enter(each) for each in code.constants])
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
