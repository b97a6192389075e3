"""Like calls: those that differ in nothing but which rows some of their operands are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
        self.varying: dict[Node, bool] = {}

    def families(self, steps: Iterable[Node], largest: int) -> list[tuple[tuple[int, ...], list[Member]]]:
        """Calls whose operands at ``places`` alone differ, of at most ``largest`` elements; those on rows of one array
        are together. A call is in several families, where all of its operands may differ or one of them."""
        found: dict[Any, list[Member]] = {}
        for step in steps:
            state = tuple(step.errstate.items()) if step.errstate else None
            for places in self.choices(step, largest):
                key = places, step.function, state, step.spec.shape, *self.kinds(step, places)
                found.setdefault(key, []).append(Member(step, tuple([step.args[p] for p in places])))
        return [(key[0], members) for key, members in found.items() if len(members) >= FEWEST]

    def choices(self, step: Node, largest: int) -> list[tuple[int, ...]]:
        """The operands that may be other rows: all that can be rows, or one of them."""
        found: dict[Node, tuple[int, ...]] = {}
        for p, x in enumerate(step.args):
            if type(x) is Node and self.may_vary(x) and x.spec.size <= largest:
                found[x] = (*found.get(x, ()), p)
        several = [tuple(sorted(sum(found.values(), ())))] if len(found) > 1 else []
        return [each for each in (*several, *found.values()) if has_batched_form(step, each)]

    def may_vary(self, x: Node) -> bool:
        known = self.varying.get(x)
        if known is None:
            spec = x.spec
            is_array = spec.is_array and spec.ndim > 0 and spec.size > 0
            known = self.varying[x] = is_array and not is_fixed(x) and self.rows.can_place(x)
        return known

    def kinds(self, step: Node, places: tuple[int, ...]) -> Iterator:
        """What the operands of like calls have in common: what those that are rows are rows of, or made by."""
        start = None
        for p, x in enumerate(step.args):
            if p not in places:
                yield identify(x)
                continue
            row = self.rows.find(x)
            start = row.place if start is None and row else start
            yield (row.array, row.place - start) if row else x.function, x.spec.shape, x.spec.dtype
