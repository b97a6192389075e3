"""Bounds: whether records stay in the memory of their bases, found when a region is built.

Loops move a base by a stride in each turn, so that where it may be is an interval, and what an operand reaches is the
interval's ends. What units reach follows from the places that they were written for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

import numpy as np

from .code import At, Call, Code, Expect, Flags, Record, Repeat, UfuncCall
from .symbols import find_ufunc

__all__ = ["OutOfBounds", "check_bounds", "extent", "memory_of", "reaches"]


class OutOfBounds(AssertionError):
    """A record reaches memory that is not its operands'."""


def extent(shape: tuple, strides: tuple, itemsize: int) -> tuple[int, int]:
    """From which to which byte an array reaches, counted from its first element.

    >>> extent((3, 2), (16, -8), 8)
    (-8, 40)
    """
    low, high = 0, itemsize
    for length, stride in zip(shape, strides):
        end = (length - 1) * stride
        if length <= 0:
            return 0, 0
        low, high = (low + end, high) if end < 0 else (low, high + end)
    return low, high


def memory_of(code: Code) -> list[tuple[int, int]]:
    """Of each base but the moving ones, from which to which byte its memory reaches."""
    values = [
        extent(spec.shape, spec.strides, spec.itemsize) if spec.is_array else (0, 16)
        for spec in [*code.inputs, *code.outputs]
    ]
    return [(0, code.scratch), *values, *[extent(each.shape, each.strides, each.itemsize) for each in code.constants]]


def reaches(record: Record) -> Iterator[tuple[str, At, int, int]]:
    """What a record reaches: for each operand a name, where it is, and from which to which byte around that."""
    if type(record) is Call:
        if record.start == 0 < record.stop:  # else the address need not be one of an element
            reach = record.reach or ((0, 0),) * len(record.operands)
            for number, (operand, (low, high)) in enumerate(zip(record.operands, reach)):
                yield f"operand {number} of {record.unit}", operand, low, high
    elif type(record) is Expect:
        yield "what a guard reads", record.operand, 0, 1
    elif type(record) is UfuncCall and 0 not in record.dims and record.core[:1] != (0,):
        count = len(record.operands)
        axes = core_axes(record.ufunc, count)
        lengths, steps = record.core[1:], iter(record.core_steps[count:])
        characters = record.signature.replace("->", "")
        for number, (operand, own) in enumerate(zip(record.operands, axes)):
            shape = (*record.dims, record.core[0], *[lengths[axis] for axis in own])
            outer = record.steps[number] if record.dims else ()
            strides = (*outer, record.core_steps[number], *[next(steps) for _ in own])
            low, high = extent(shape, strides, np.dtype(characters[number]).itemsize)
            if low != high:
                yield f"operand {number} of {record.ufunc}", operand, low, high


@functools.cache
def core_axes(ufunc: str, count: int) -> list[list[int]]:
    """Of each operand of a ufunc which of its core dimensions it has."""
    signature = find_ufunc(ufunc).signature or ",".join(["()"] * count)
    operands = [re.findall(r"\w+", each) for each in re.findall(r"\(([^)]*)\)", signature)]
    names = list(dict.fromkeys(name for each in operands for name in each))
    return [[names.index(name) for name in each] for each in operands]


def check_bounds(code: Code) -> None:
    """Raise OutOfBounds if a record of the code reaches what it may not."""
    # Of each base the one whose memory it is in, and the least and greatest distance from it.
    memory = memory_of(code)
    Bounds(memory).check(code.records, {base: (base, 0, 0) for base in range(len(memory))})


class Bounds:
    """The memory of the bases, against which records are checked."""

    def __init__(self, memory: list[tuple[int, int]]) -> None:
        self.memory = memory

    def check(self, records: Iterable[Record], places: dict[int, tuple[int, int, int]]) -> None:
        for record in records:
            if type(record) is Repeat:
                if record.turns > 0:
                    moved = dict(places)
                    for slot, (base, offset), stride in record.movers:
                        if base not in places:
                            raise OutOfBounds(f"A loop moves base {slot} from base {base}, which is nowhere.")
                        root, least, most = places[base]
                        end = (record.turns - 1) * stride
                        moved[slot] = root, least + offset + min(end, 0), most + offset + max(end, 0)
                    self.check(record.body, moved)
            elif type(record) is Flags:
                self.check(record.body, places)
            else:
                for name, (base, offset), low, high in reaches(record):
                    if base not in places:
                        raise OutOfBounds(f"{name} is at base {base}, which is nowhere.")
                    root, least, most = places[base]
                    begin, end = self.memory[root]
                    first, last = least + offset + low, most + offset + high
                    if not begin <= first <= last <= end:
                        reached, there = f"bytes {first} to {last} of base {root}", f"{begin} to {end}"
                        raise OutOfBounds(f"{name} reaches {reached}, which has those from {there}.")
