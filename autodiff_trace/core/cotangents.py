"""Cotangents on their way back: how contributions to one value add up."""

from __future__ import annotations

from typing import Any

from .array_ops import array_ops

__all__ = ["DeferredCotangent", "OutputsCotangent", "add_cotangents", "deferred_types"]

deferred_types: set[type] = set()


class DeferredCotangent:
    """A cotangent that is formed only when the backward pass reaches its node.

    Rules return one where many contributions to one node are cheaper to add at once: n elements read one by one from
    an array of size n would otherwise cost n arrays of zeros.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        deferred_types.add(cls)

    def plus(self, g: Any) -> DeferredCotangent:
        """The sum of this and a further contribution, deferred or not. May change and return ``self``."""
        raise NotImplementedError

    def settle(self) -> Any:
        """The cotangent itself."""
        raise NotImplementedError


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

    def settle(self):
        g = OutputsSettled(
            self.cotangents[i] if i in self.cotangents else array_ops.zeros_like(output)
            for i, output in enumerate(self.outputs)
        )
        g.reached = self.cotangents.keys()
        return g


class OutputsSettled(tuple):
    """The cotangents of several outputs. ``reached`` are those that were used; the others have zeros."""

    reached: Any


def add_cotangents(total: Any, g: Any) -> Any:
    """The sum of two contributions to one node."""
    if type(total) in deferred_types:
        return total.plus(g)
    if type(g) in deferred_types:
        return g.plus(total)
    return total + g
