"""Cotangents on their way back: how contributions to one value add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["DeferredCotangent", "add_cotangents", "deferred_types"]

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

    def copy(self) -> DeferredCotangent:
        """One that stays as it is when ``plus`` changes this one."""
        return self

    def settle(self) -> Any:
        """The cotangent itself."""
        raise NotImplementedError

    def settle_selected(self) -> Any:
        """The cotangent, or where it knows what has no influence at all, a :class:`~.selections.Selected` one."""
        return self.settle()

    def with_mask(self, mask: Callable[[], Any]) -> DeferredCotangent:
        """This cotangent, where it was made from a selected one: ``mask()`` says where that was not zero."""
        return self


def add_cotangents(total: Any, g: Any) -> Any:
    """The sum of two contributions to one node."""
    if type(total) in deferred_types:
        return total.plus(g)
    if type(g) in deferred_types:
        return g.plus(total)
    return total + g
