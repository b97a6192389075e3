"""Selections: cotangents and tangents that are exactly zero where a selection took nothing. Knows no array library.

What ``where``, ``maximum``, an index or a mask did not take has no influence, whatever slope stands behind it. A
product ``0 · ∞`` is NaN, so the zero alone does not say so. A :class:`Selected` cotangent carries the mask as well:

    y = where(x > 0, log(x), 0)      at x = [0, 2]
    g of log(x)    Selected([0, 1], mask [False, True])
    g of x         [0, 1] · [∞, ½] = [NaN, ½], and with the mask applied again [0, ½]

The mask goes with the cotangent through elementwise functions and through those that move elements. Elsewhere (a
product of matrices) one element of it that is true lets everything through: there a zero is a number like others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .array_ops import array_ops
from .cotangents import DeferredCotangent, add_cotangents, deferred_types
from .derivative import without_derivatives

__all__ = [
    "Mask", "OutputsCotangent", "Selected", "outline", "settle", "settle_selected",
]


class Mask:
    """An array of truth values, found from other masks when it is first asked for: as a rule nobody does."""

    __slots__ = ("combine", "operands", "found")

    def __init__(self, combine: Callable, *operands: Mask) -> None:
        self.combine = combine
        self.operands = operands

    def __call__(self) -> Any:
        """The array. Chains of masks are as long as loops, so they are walked without recursion."""
        waiting = [self]
        while waiting:
            mask = waiting[-1]
            unknown = [each for each in mask.operands if each.combine is not None] if mask.combine is not None else ()
            if unknown:
                waiting += unknown
                continue
            waiting.pop()
            if mask.combine is not None:
                mask.found = mask.combine(*[each.found for each in mask.operands])
                mask.combine, mask.operands = None, ()
        return self.found


class Selected(DeferredCotangent):
    """A cotangent or a tangent, and the mask outside of which it is zero in every product."""

    __slots__ = ("value", "mask")

    def __init__(self, value: Any, mask: Mask) -> None:
        self.value = value
        self.mask = mask

    def plus(self, g):
        if type(g) is Selected:
            return Selected(self.value + g.value, Mask(array_ops.either, self.mask, g.mask))
        return g.plus(self) if type(g) in deferred_types else self.value + g

    def settle(self):
        return self.value

    def is_mixed_by(self, prim: Callable) -> bool:
        """Whether a primitive is known to make of this cotangent a number like others: it mixes all elements, and
        something is selected."""
        traits = prim.traits
        if traits.elementwise or traits.moves_elements or traits.by_matrix or traits.takes_selected:
            return False
        return array_ops.has_nonzero(self.value)

    def settle_selected(self):
        return self


class OutputsCotangent(DeferredCotangent):
    """The cotangent of a tuple of outputs, from the cotangent of output ``i``."""

    __slots__ = ("outputs", "cotangents")

    def __init__(self, outputs, i, g, ans):
        self.outputs = outputs
        self.cotangents = {i: g}

    def plus(self, g):
        for i, gi in g.cotangents.items():
            self.cotangents[i] = add_cotangents(self.cotangents[i], gi) if i in self.cotangents else gi
        return self

    def copy(self):
        other = OutputsCotangent(self.outputs, None, None, None)
        other.cotangents = {i: g.copy() if type(g) in deferred_types else g for i, g in self.cotangents.items()}
        return other

    def settle(self):
        reached = {i: settle_selected(g) for i, g in self.cotangents.items()}
        g = OutputsSettled(
            settle(reached[i]) if i in reached else array_ops.zeros_like(output)
            for i, output in enumerate(self.outputs)
        )
        g.reached = reached
        return g

    def settle_selected(self):
        self.cotangents = {i: settle_selected(g) for i, g in self.cotangents.items()}
        masks = [g.mask if type(g) is Selected else None for g in self.cotangents.values()]
        return self.settle() if None in masks else Selected(self.settle(), Mask(lambda *masks: masks, *masks))


class OutputsSettled(tuple):
    """The cotangents of several outputs. ``reached`` has those that were used, by place, selected where they are; the
    others have zeros."""

    reached: dict[int, Any]


def outline(g: Any) -> Any:
    """What stands for ``g``, of which a mask is to remember shape and dtype: the trace that sees it may end before."""
    return array_ops.outline(without_derivatives(g))


def settle(g: Any) -> Any:
    """A cotangent or tangent as a plain value."""
    return g.settle() if type(g) in deferred_types else g


def settle_selected(g: Any) -> Any:
    """A cotangent as a plain value, or a selected one."""
    return g.settle_selected() if type(g) in deferred_types else g
