"""Code: what a region of a program is translated to: units in LLVM's language, and records that say how they are run.

Records are data: a small native interpreter, compiled once for all programs, runs them, so that the code to compile is
that of the units alone, of which equal ones are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ...ir.spec import Spec

__all__ = ["At", "Call", "Code", "Expect", "Flags", "Record", "Repeat", "UfuncCall", "Mover"]


class At(NamedTuple):
    """An address: ``offset`` bytes from base number ``base``.

    Bases are, in this order: scratch memory, the inputs, the outputs, the constants, and the moving ones of loops.
    """

    base: int
    offset: int = 0


class Call(NamedTuple):
    """A unit is run for the elements from ``start`` to ``stop``: ``void unit(ptr frame, i64 start, i64 stop)``, where
    the frame has the addresses of the operands. With ``parallel`` its range may be split among threads, at multiples of
    that number. ``reach`` has for each operand the bytes around its address that the unit may touch, from and to."""

    unit: str
    operands: tuple[At, ...]
    start: int
    stop: int
    parallel: int = 0
    reach: tuple[tuple[int, int], ...] = ()


class UfuncCall(NamedTuple):
    """NumPy's own inner loop of a ufunc: ``loop(pointers, core, core_steps, data)``, for each place of the outer
    dimensions ``dims``, along which the operands move by ``steps`` (for each operand one number a dimension)."""

    ufunc: str
    signature: str
    operands: tuple[At, ...]
    core: tuple[int, ...]
    core_steps: tuple[int, ...]
    dims: tuple[int, ...] = ()
    steps: tuple[tuple[int, ...], ...] = ()


class Mover(NamedTuple):
    """The base number ``slot`` is at ``source`` in the first turn of a loop, and ``stride`` bytes further in each."""

    slot: int
    source: At
    stride: int


class Repeat(NamedTuple):
    """Records that are run ``turns`` times."""

    turns: int
    body: tuple[Record, ...]
    movers: tuple[Mover, ...]


class Flags(NamedTuple):
    """Records of which floating-point errors are dropped (kinds in ``ignored``: "over", "divide", "invalid", "under"),
    or are always to be seen (``seen``), whatever the caller's handling is."""

    ignored: frozenset[str]
    seen: frozenset[str]
    body: tuple[Record, ...]


class Expect(NamedTuple):
    """A guard: the byte at this address is this truth value, or else NumPy's program runs."""

    operand: At
    value: bool


Record = Call | UfuncCall | Repeat | Flags | Expect


@dataclass(eq=False)
class Code:
    """A translated region.

    Attributes:
        text: the units, in LLVM's language.
        records: how they are run.
        inputs: specs of the inputs: arrays, and numbers, which are put into a slot of 16 bytes.
        outputs: specs of the outputs: new arrays of this layout, and numbers, which are read from a slot of 16 bytes.
        constants: arrays of the code's own.
        scratch: bytes of memory for intermediate values.
        bases: how many bases there are, with those of loops.
        about: what each unit does, for people.
    """

    text: str
    records: Sequence[Record]
    inputs: list[Spec]
    outputs: list[Spec]
    constants: list[np.ndarray] = field(default_factory=list)
    scratch: int = 0
    bases: int = 0
    about: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """The records as lines, for people: loops with what they run, and where the operands are."""
        return "\n".join(self.lines(self.records, ""))

    def lines(self, records: Sequence[Record], indent: str) -> list[str]:
        found = []
        for each in records:
            if type(each) is Call:
                found.append(f"{indent}{each.unit}({self.names(each.operands)})  # {self.about.get(each.unit, '')}")
            elif type(each) is UfuncCall:
                size = " x ".join(map(str, (*each.dims, *each.core)))
                found.append(f"{indent}numpy.{each.ufunc}({self.names(each.operands)})  # {each.signature}, {size}")
            elif type(each) is Repeat:
                found += [f"{indent}repeat {each.turns} times:", *self.lines(each.body, indent + "    ")]
            elif type(each) is Flags:
                what = [f"{kind} ignored" for kind in sorted(each.ignored)] + [f"{kind} seen" for kind in each.seen]
                found += [f"{indent}with errors ({', '.join(what)}):", *self.lines(each.body, indent + "    ")]
            else:
                found.append(f"{indent}expect {self.names([each.operand])} is {each.value}")
        return found

    def names(self, operands: Sequence[At]) -> str:
        """Where operands are: x0 … of the inputs, y0 … of the outputs, c0 … of constants, s of scratch memory, t0 … of
        what moves from turn to turn."""
        return ", ".join(map(self.name, operands))

    def name(self, at: At) -> str:
        number, offset = at.base - 1, f"+{at.offset}" if at.offset else ""
        if number < 0:
            return f"s+{at.offset}"
        for letter, count in (("x", len(self.inputs)), ("y", len(self.outputs)), ("c", len(self.constants))):
            if number < count:
                return f"{letter}{number}{offset}"
            number -= count
        return f"t{number}{offset}"
