"""Hoisting: what is the same in all turns of a loop is computed before it, unless each turn must have its own."""

from __future__ import annotations

import numpy as np

from ..ir.node import Node
from .turns import Stretch

__all__ = ["keep_apart"]

Slot = tuple[Stretch, int]


def keep_apart(stretches: list[Stretch], steps: list[Node], needed: dict[Stretch, dict[int, None]]) -> None:
    """Take from what is hoisted the arrays of which several turns give one, or a view of it, to others; and leave out
    what is hoisted from what is kept."""
    shown = {stretch: {(place - stretch.start) % stretch.period for place in needed[stretch]} for stretch in stretches}
    bases: dict[Slot, set[Slot]] = {}
    for stretch in stretches:
        find_bases(stretch, steps, bases)
    for stretch in stretches:
        for slot in shown[stretch]:
            for source, base in bases[stretch, slot]:
                source.hoisted.discard(base)
    for stretch in stretches:
        for slot, columns in enumerate(stretch.columns):
            if any(column.kind == "local" and column.slot not in stretch.hoisted for column in columns):
                stretch.hoisted.discard(slot)
        for slot in stretch.hoisted:
            stretch.kept.pop(slot, None)
            stretch.last.pop(slot, None)


def find_bases(stretch: Stretch, steps: list[Node], bases: dict[Slot, set[Slot]]) -> None:
    """Note in which hoisted arrays the value of each step may lie."""
    bases.update({(stretch, slot): set() for slot in range(stretch.period)})
    for _ in range(2):  # what is carried comes from slots that follow
        for slot, columns in enumerate(stretch.columns):
            found = bases[stretch, slot]
            step = steps[stretch.start + slot]
            if step.spec.kind in (np.ndarray, tuple, list):
                if slot in stretch.hoisted:
                    found.add((stretch, slot))
                if not isinstance(getattr(step.function, "fun", step.function), np.ufunc):
                    for column in columns:
                        if column.kind in ("local", "carried", "each"):
                            found |= bases[column.source or stretch, column.slot]
