"""Records of a translation: their handling of errors, and the numbers of their bases."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.node import Node
from .code import At, Expect, Flags, Mover, Record, Repeat

__all__ = ["CONSTANTS", "MOVING", "merge_flags", "renumbered", "with_flags"]

CONSTANTS, MOVING = 10**6, 2 * 10**6
"""Numbers of bases until it is known how many there are of each sort."""

KINDS = ("divide", "over", "invalid", "under")


def with_flags(steps: list[Node], records: list[Record]) -> Flags:
    """Records with what is known of the floating-point errors of steps: those that all of them ignore are dropped, and
    those that one of them handles in its own way are always to be seen."""
    states = [step.errstate or {} for step in steps]
    ignored = frozenset(kind for kind in KINDS if all(state.get(kind) == "ignore" for state in states))
    seen = frozenset(kind for kind in KINDS if any(state.get(kind, "ignore") != "ignore" for state in states))
    return Flags(ignored, seen, tuple(records))


def merge_flags(records: Sequence[Record]) -> list[Record]:
    """Neighbours with the same handling as one; records without any as they are."""
    merged: list[Record] = []
    for each in records:
        if type(each) is not Flags:
            merged.append(each)
        elif not each.ignored and not each.seen:
            merged += each.body
        elif merged and type(merged[-1]) is Flags and merged[-1][:2] == each[:2]:
            merged[-1] = merged[-1]._replace(body=merged[-1].body + each.body)
        else:
            merged.append(each)
    return merged


def renumbered(records: Sequence[Record], starts: dict[int, int]) -> list[Record]:
    """Records with the final numbers of bases."""

    def final(at: At) -> At:
        return At(number(at.base), at.offset)

    def number(base: int) -> int:
        for first in sorted(starts, reverse=True):
            if base >= first:
                return base - first + starts[first]
        return base

    def change(record: Record) -> Record:
        if type(record) is Repeat:
            movers = tuple([Mover(number(slot), final(source), stride) for slot, source, stride in record.movers])
            return Repeat(record.turns, tuple(map(change, record.body)), movers)
        if type(record) is Flags:
            return record._replace(body=tuple(map(change, record.body)))
        if type(record) is Expect:
            return record._replace(operand=final(record.operand))
        return record._replace(operands=tuple(map(final, record.operands)))

    return list(map(change, records))
