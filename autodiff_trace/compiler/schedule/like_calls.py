"""Like calls: those that differ in nothing but which rows some of their operands are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..ir.node import Node, is_fixed
from ..rewrite.cse import identify
from .batched_forms import has_batched_form
from .rows import FEWEST, Member, Rows

__all__ = ["LikeCalls"]


class LikeCalls:
    """Finds calls that can be one; ``places`` are those of the operands that are other rows in each."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.varying: dict[Node, tuple | None] = {}

    def families(self, steps: Iterable[Node], largest: int) -> list[tuple[tuple[int, ...], list[Member]]]:
        """Calls whose operands at ``places`` alone differ, of at most ``largest`` elements; those on rows of one array
        are together. A call is in several families, where all of its operands may differ or one of them."""
        found: dict[Any, list[Member]] = {}
        for step in steps:
            if not (choices := self.choices(step, largest)):
                continue
            state = tuple(step.errstate.items()) if step.errstate else None
            same = [id(x) if type(x) is Node and x.kind != "constant" else identify(x) for x in step.args]
            for places in choices:
                varied = tuple([step.args[p] for p in places])
                key = places, step.function, state, *self.kinds(places, varied, same)
                found.setdefault(key, []).append(Member(step, varied))
        return [(key[0], members) for key, members in found.items() if len(members) >= FEWEST]

    def choices(self, step: Node, largest: int) -> list[tuple[int, ...]]:
        """The operands that may be other rows: all that can be rows, or one of them."""
        found: dict[Node, tuple[int, ...]] = {}
        for p, x in enumerate(step.args):
            if type(x) is Node and (kind := self.varying_kind(x)) and kind[0] <= largest:
                found[x] = (*found.get(x, ()), p)
        several = [tuple(sorted(sum(found.values(), ())))] if len(found) > 1 else []
        return [each for each in (*several, *found.values()) if has_batched_form(step, each)]

    def varying_kind(self, x: Node) -> tuple | None:
        """Size, shape and dtype of an array that is a row, or can be one."""
        if x not in self.varying or x in self.rows.made and self.varying[x] is None:  # it has become one
            spec = x.spec
            can_vary = spec.is_array and spec.ndim and spec.size and not is_fixed(x) and self.rows.can_place(x)
            self.varying[x] = (spec.size, spec.shape, spec.dtype) if can_vary else None
        return self.varying[x]

    def kinds(self, places: tuple[int, ...], varied: tuple[Node, ...], same: list) -> list:
        """What the operands of like calls have in common: what those that are rows are rows of, or made by."""
        kinds, start = same.copy(), None
        for p, x in zip(places, varied):
            row = self.rows.find(x)
            start = row.place if start is None and row else start
            kinds[p] = (row.array, row.place - start) if row else (id(x.function), self.varying[x])
        return kinds
