"""Captured state of a function: the variables outside it that it reads, so that a change of them is noticed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..core.tracer import Box
from .contents import Contents
from .following import Follower
from .places import WHOLES, Place
from .watching import Watch, compile_check

__all__ = ["CapturedState"]

LIMIT = 5000
"""Variables that are watched, at most."""


class CapturedState:
    """The variables outside a function that it reads, and what they held.

    ``roots`` are the function and objects among its arguments, and ``places`` what the user calls these.

    What the code names is followed to its end (``following``): of ``self.cfg["lr"]`` the attribute and the key are
    watched. Arrays are watched for being replaced, not for being written: programs read them anew in each run.

    Attributes:
        boxed: whether there is a traced value among them.
        left: the place of one whose trace has ended, which a call has left there, or "".
        crowded: whether they are too many to be watched.
        unknown: those that cannot be watched, with what they are.
        generators: the generators of random numbers among them.
        names: of the variables and attributes that the functions among them read.

    ``constant`` are places that the user vouches for. With ``compared=False`` nothing is prepared for comparing them
    quickly, which takes half of the time.
    """

    def __init__(
        self, *roots: Any, compared: bool = True, constant: Sequence[str] = (), places: Sequence[str] = (),
    ) -> None:
        self.roots = roots
        self.watched: dict[tuple, Watch] = {}  # by the tokens of their places
        self.count = 0
        self.boxed = False
        self.left = ""
        self.arrays: list[np.ndarray] = []
        self.contents: list[Contents] = []
        self.generators: list[Any] = []
        self.unknown: dict[str, str] = {}
        self.names: frozenset[str] = frozenset()
        self.followed: dict[int, Any] = {}  # what has been seen, kept alive so that no id is used again
        Follower(self, constant).follow_all(roots, places)
        if compared:
            self.prepare()

    def note_box(self, box: Box, place: str) -> None:
        self.boxed = True
        if box._trace.has_ended:
            self.left = place

    def prepare(self) -> None:
        self.holds_quickly = compile_check(self.watched.values())

    @property
    def crowded(self) -> bool:
        return self.count > LIMIT

    def hold(self) -> bool:
        """Whether all variables are still what they were, and arrays that are compared hold what they held."""
        if not self.holds_quickly() and not self.hold_variables():
            return False
        for each in self.contents:
            if not each.hold():
                return False
        return True

    def hold_variables(self) -> bool:
        """Whether all variables are still what they were, whatever arrays hold."""
        return all(map(Watch.holds, self.watched.values()))

    def changed(self) -> list[str]:
        """The variables that are no longer what they were, as the user would write them."""
        changed = [each for each in self.watched.values() if not each.holds()]
        # Of a container of which the keys are others, no item is named.
        refilled = {id(place.owner) for place, *_ in changed if place.kind in ("keys", "attributes", "length")}
        return list(dict.fromkeys(
            place.spelled(where) for place, _, where in changed
            if place.kind not in ("item", "attribute") or id(place.owner) not in refilled))

    def note_contents(self, arrays: Iterable[np.ndarray]) -> None:
        """Notice from now on writes into these arrays: a function may compute from them with plain NumPy, unseen."""
        known = {id(each.array) for each in self.contents}
        self.contents = self.contents + [Contents(array) for array in arrays if id(array) not in known]

    def watch(self, place: Place, where: str = "") -> Any:
        """Note what is at ``place``, the owner of which is called ``where``, unless that is noted already."""
        token = place.token
        if token not in self.watched:
            value = place.read()
            self.count += len(value) if place.kind in WHOLES else 1
            self.watched[token] = Watch(place, value, where)
        return self.watched[token].value

    def watch_dict(self, owner: Any, where: str) -> list[tuple[Any, Any]]:
        """Note the keys and items of a dict, and give them. What is too much is not even read."""
        if self.is_too_long(owner):
            return []
        self.watch(Place("keys", owner), where)
        return self.watch_all("item", owner, list(owner.items()), f"[{where}")

    def watch_attributes(self, owner: Any, where: str) -> list[tuple[str, Any]]:
        """The same for the attributes of an object or class."""
        self.watch(Place("attributes", owner), where)
        return self.watch_all("attribute", owner, list(owner.__dict__.items()), where)

    def watch_items(self, owner: Any, where: str) -> Sequence:
        """The same for the items of a list, a set or their like."""
        if self.is_too_long(owner):
            return ()
        if type(owner) is not list:
            return self.watch(Place("items", owner), where)
        self.watch(Place("length", owner), where)
        self.watch_all("item", owner, list(enumerate(owner)), where)
        return [*owner]

    def watch_all(self, kind: str, owner: Any, items: list[tuple[Any, Any]], where: str) -> list[tuple[Any, Any]]:
        """``watch`` for all variables of one owner, which have just been read: in a third of the time."""
        before = len(self.watched)
        for key, value in items:
            self.watched.setdefault((kind, id(owner), key), Watch(Place(kind, owner, key), value, where))
        self.count += len(self.watched) - before
        return items

    def is_too_long(self, owner: Any) -> bool:
        if len(owner) > LIMIT:
            self.count += len(owner)
        return len(owner) > LIMIT
