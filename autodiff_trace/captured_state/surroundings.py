"""The surroundings of a function: the variables outside it that it reads, so that a change of them is noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from typing import Any

import numpy as np

from .contents import Contents
from .following import Follower
from .watching import Watch, changed_names, is_held, join_watches, quick_check, read_dict

__all__ = ["Surroundings"]

LIMIT = 5000
"""Variables that are watched, at most."""

class Surroundings:
    """The variables outside a function that it reads, and what they held.

    ``roots`` are the function and objects among its arguments, and ``places`` what the user calls these.

    What the code names is followed to its end (``following``): of ``self.cfg["lr"]`` the attribute and the key are
    watched. Arrays are watched for being replaced, not for being written: programs read them anew in each run.

    Attributes:
        boxed: whether there is a traced value among them.
        crowded: whether they are too many to be watched.
        unknown: those that cannot be watched, with what they are.
        generators: the generators of random numbers among them.
        names: of the variables and attributes that the functions among them read.

    ``constant`` are places that the user vouches for. With ``compared=False`` nothing is prepared for comparing them
    quickly, which takes 60 of 100 µs, and objects and containers are noted as wholes, so that they can be copied.
    """

    def __init__(
        self, *roots: Any, compared: bool = True, constant: Sequence[str] = (), places: Sequence[str] = (),
    ) -> None:
        self.roots = roots
        self.watched: list[Watch] = []
        self.places: list[str] = []
        self.count = 0
        self.boxed = False
        self.arrays: list[np.ndarray] = []
        self.contents: list[Contents] = []
        self.generators: list[Any] = []
        self.unknown: dict[str, str] = {}
        self.names: frozenset[str] = frozenset()
        self.followed: dict[int, Any] = {}  # what has been seen, kept alive so that no id is used again
        Follower(self, constant, whole=not compared).follow_all(roots, places)
        self.noted = self.watched  # one for each of the places
        if compared:
            self.prepare()

    def prepare(self) -> None:
        self.watched = join_watches(self.watched)
        self.holds_quickly, self.others = quick_check(self.watched)

    @property
    def crowded(self) -> bool:
        return self.count > LIMIT

    def hold(self) -> bool:
        """Whether all variables are still what they were, and arrays that are compared hold what they held."""
        if not self.holds_quickly() and not all(starmap(is_held, self.watched)):
            return False
        if self.others and not all(starmap(is_held, self.others)):
            return False
        for each in self.contents:
            if not each.hold():
                return False
        return True

    def changed(self) -> list[str]:
        """The variables that are no longer what they were, as the user would write them."""
        names = [name for watch, place in zip(self.noted, self.places) for name in changed_names(*watch, place)]
        return list(dict.fromkeys(names))

    def hold_variables(self) -> bool:
        """Whether all variables are still what they were, whatever arrays hold."""
        return all(starmap(is_held, self.watched))

    def note_contents(self, arrays: Iterable[np.ndarray]) -> None:
        """Notice from now on writes into these arrays: a function may compute from them with plain NumPy, unseen."""
        known = {id(each.array) for each in self.contents}
        self.contents = self.contents + [Contents(array) for array in arrays if id(array) not in known]

    def watch(self, read: Callable[[Any], Sequence], owner: Any, place: str = "") -> Sequence:
        """Note what ``owner`` holds, as ``read`` reads it. What is too much is not even read."""
        if (read is tuple or read is read_dict) and len(owner) > LIMIT:
            self.count += len(owner)
            return ()
        values = read(owner)
        self.count += len(values)
        self.watched.append((read, owner, values))
        self.places.append(place)
        return values
