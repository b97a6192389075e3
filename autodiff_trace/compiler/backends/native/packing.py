"""Packing: records as words of 8 bytes, which the interpreter runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from . import words
from .code import At, Call, Expect, Flags, Record, Repeat, UfuncCall
from .text_facts import OPERAND, Facts
from .words import FLAGS

__all__ = ["Packing"]


#: How many ns of work a thread takes at once, at least.
CHUNK = 5_000


class Packing:
    """Records as words, and the cells that they need. ``facts``: of the units.

    Attributes:
        words: the words so far.
        cells: how many cells there are: the bases, then what is counted.
        frame: how many operands a record has at most.
        work: about how long a run takes, in ns.
        shared: how much of it threads can share.
    """

    def __init__(
        self, bases: int, unit: Callable[[str], int], loop: Callable[[str, str], tuple[int, int]],
        facts: Mapping[str, Facts] = {},  # noqa: B006 (nobody writes it)
    ) -> None:
        self.words: list[int] = []
        self.cells = bases
        self.frame = 1
        self.work = 0.0
        self.shared = 0.0
        self.unit, self.loop, self.facts = unit, loop, facts

    def finish(self) -> np.ndarray:
        """The words, with a last one that says that there are no more."""
        return np.array([*self.words, words.STOP, 2], np.int64)

    def add(self, records: Iterable[Record], turns: int = 1) -> None:
        """Pack these records, which are run ``turns`` times."""
        for record in records:
            if type(record) is Call:
                self.call(record, turns)
            elif type(record) is UfuncCall:
                self.ufunc(record, turns)
            elif type(record) is Repeat:
                self.repeat(record, turns)
            elif type(record) is Flags:
                cell = self.new_cells(1)
                self.put(words.FLAGS_BEGIN, cell)
                self.add(record.body, turns)
                self.put(words.FLAGS_END, cell, ~bits(record.ignored), bits(record.seen))
            elif type(record) is Expect:
                self.put(words.EXPECT, *record.operand, int(record.value))
            else:
                raise TypeError(f"There is no record of type {type(record).__name__}.")

    def put(self, kind: int, *rest: int) -> None:
        self.words += [kind, 2 + len(rest), *rest]

    @contextmanager
    def flags_kept(self) -> Iterator[None]:
        """The floating-point flags of records before what is packed meanwhile are kept."""
        cell = self.new_cells(1)
        self.put(words.NOTE, cell)
        yield
        self.put(words.RENEW, cell)

    def new_cells(self, count: int) -> int:
        """The first of so many new cells."""
        self.cells += count
        return self.cells - count

    def operands(self, operands: Sequence[At]) -> list[int]:
        self.frame = max(self.frame, len(operands))
        return [word for operand in operands for word in operand]

    def call(self, record: Call, turns: int) -> None:
        if record.stop <= record.start:
            return
        operands = self.operands(record.operands)
        span = (self.unit(record.unit), record.start, record.stop, len(record.operands))
        facts = self.facts.get(record.unit, Facts(False, 0.0))
        each = facts.cost + OPERAND * len(record.operands)
        work = (record.stop - record.start) * each
        self.work += turns * (work + 5)
        if record.parallel > 0 and work > 2 * CHUNK:
            self.shared += turns * work
            least = math.ceil(CHUNK / each / record.parallel) * record.parallel
            self.put(words.SHARED, *span, least, *operands)
        elif facts.runs_loops:
            with self.flags_kept():
                self.put(words.CALL, *span, *operands)
        else:
            self.put(words.CALL, *span, *operands)

    def ufunc(self, record: UfuncCall, turns: int) -> None:
        if 0 in record.dims or record.core[:1] == (0,):
            return
        operands = self.operands(record.operands)
        count, core, steps = len(record.operands), list(record.core), list(record.core_steps)
        loop, data = self.loop(record.ufunc, record.signature)
        self.work += turns * (math.prod(record.dims) * (math.prod(map(float, core)) + 10))
        if not record.dims:
            at = 7 + len(operands)
            self.put(words.UFUNC, loop, data, count, at, at + len(core), *operands, *core, *steps)
            return
        where, index = self.new_cells(count), self.new_cells(len(record.dims))
        at = 11 + len(operands)
        axes = [
            word for axis, length in enumerate(record.dims)
            for word in (length, *[record.steps[k][axis] for k in range(count)])
        ]  # fmt: skip
        end = at + len(core) + len(steps)
        with self.flags_kept():
            self.put(
                words.UFUNC_MANY, loop, data, count, at, at + len(core), where, index, len(record.dims), end,
                *operands, *core, *steps, *axes,
            )  # fmt: skip

    def repeat(self, record: Repeat, turns: int) -> None:
        if record.turns <= 0:
            return
        counter = self.new_cells(1)
        movers = record.movers
        self.put(
            words.REPEAT, counter, record.turns, len(movers),
            *[word for mover in movers for word in (mover.slot, *mover.source)],
        )  # fmt: skip
        body = len(self.words)
        self.add(record.body, turns * record.turns)
        self.put(
            words.AGAIN, counter, body - len(self.words), len(movers),
            *[word for mover in movers for word in (mover.slot, mover.stride)],
        )  # fmt: skip


def bits(kinds: Iterable[str]) -> int:
    """The flags of these errors."""
    return sum(FLAGS[kind] for kind in kinds)
