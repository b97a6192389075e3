"""Copies of variables as they were, for a function that runs a second time.

Variables are not set back, since other code may be using them. What has changed is copied as it was, and so is whatever
refers to it, up to the function itself:

    k = 1; f = lambda x: k * x; captured = CapturedState(f); k = 2
    Restorer(captured, …).copy(f)    [a copy of f whose variable k is 1]
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from .copying import Copier
from .holders import WRAPPERS, parts_of, slots_in
from .kinds import is_generator
from .names import MISSING
from .places import WHOLES, Place
from .random_states import copy_generator
from .captured import CapturedState

__all__ = ["Restorer"]


class Restorer(Copier):
    """Copies what has changed in ``captured``, and what refers to that; anything else stays what it is.

    ``arrays`` has copies of arrays that have changed, ``states`` the states of generators that have, by their ids.
    """

    def __init__(self, captured: CapturedState, arrays: Mapping[int, np.ndarray], states: Mapping[int, Any]) -> None:
        super().__init__({*arrays, *states})
        self.arrays = arrays
        self.states = states
        self.then: dict[tuple, Any] = {}
        self.keys: dict[int, list] = {}  # those that were noted, by the id of the owner
        for watch in captured.watched.values():
            place, value = watch.place.variable(), watch.value
            if place.kind == "method":  # it was the class's: the object had none of its own
                place, value = place._replace(kind="attribute"), MISSING
            self.then[place.token] = value
            if place.kind not in WHOLES:
                self.keys.setdefault(id(place.owner), []).append(place.key)
            if not watch.holds():
                self.copied.add(id(place.owner))
        if self.copied:
            self.spread(captured)

    def spread(self, captured: CapturedState) -> None:
        """Add to the changed objects all that refer to one."""
        refers = {key: set(map(id, self.parts(value))) for key, value in captured.followed.items()}
        count = 0
        while count < len(self.copied):
            count = len(self.copied)
            self.copied.update([key for key, parts in refers.items() if not parts.isdisjoint(self.copied)])

    def parts(self, value: Any) -> list:
        """What ``value`` referred to, and its variables."""
        if isinstance(value, (types.ModuleType, np.ndarray, *WRAPPERS)):
            return []
        parts = [part for part in parts_of(value, self.held) if part is not type(value)]  # classes are not copied
        if type(value) is types.FunctionType:
            parts += [*(value.__closure__ or ()), value.__globals__, value.__kwdefaults__, value.__dict__]
        return parts

    def held(self, place: Place) -> Any:
        """What was there; of what was not noted, what is there."""
        token = place.token
        held = self.then[token] if token in self.then else place.read()
        if place.kind == "keys" or place.kind == "attributes":  # and those that are gone, or were the class's
            return dict.fromkeys((*held, *self.keys.get(id(place.owner), ())))
        return held

    def leaf(self, value: Any) -> Any:
        if type(value) is np.ndarray:
            return self.arrays[id(value)].copy(order="K")
        return copy_generator(value, self.states[id(value)]) if is_generator(value) else MISSING

    def is_copied(self, kind: type) -> bool:
        return slots_in(kind) == ()

    def names_in(self, variables: dict) -> list[str]:
        return self.keys.get(id(variables), [])

    def is_other(self, place: Place) -> bool:
        return id(place.owner) in self.copied or super().is_other(place)
