"""Hidden inputs: variables outside a function that change, which its programs get as further arguments.

    for lr in schedule:          # lr is a global variable of step
        params = step(params)    # the third call is traced for any lr; later ones read it

The user need not name them. A place (a cell, a global variable, an attribute, an item of a list or dict) becomes one
when what it holds, a number, an array or a container of such, has been replaced by another of the same form. Of numbers
that takes two changes, since they are better constants.
"""

from __future__ import annotations

import collections
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...core.pytree import fields_of, find_container
from ...captured_state.names import global_names, is_users, root_module
from ...captured_state.places import ABSENT, WHOLES, Place, is_same
from ...captured_state.references import References, is_copied
from ...captured_state.captured import CapturedState
from ..dispatch.arguments import is_leaf
from ..dispatch.matching import make_match, no_match

__all__ = ["HiddenInputs", "Places", "is_container"]

CONTAINERS = (list, tuple, dict)

MOST = 1000
"""Places that are remembered to have changed, at most."""


def variables_in(captured: CapturedState) -> list[tuple[Place, Any]]:
    """The places that are watched, as far as they can be inputs, and what they held."""
    return [(place.variable(), value) for place, value, _ in captured.watched.values()
            if place.kind != "method" and place.kind not in WHOLES]


class Places:
    """The places outside one function that have changed, and how often."""

    def __init__(self) -> None:
        self.changes: dict[tuple, int] = {}
        self.hidden: dict[tuple, Place] = {}

    def note_changes(self, captured: CapturedState) -> bool:
        """Count what holds something else than in this state; whether that made a further place an input."""
        if len(self.changes) > MOST:  # objects that come and go
            self.changes.clear()
            self.hidden.clear()
        before = len(self.hidden)
        for place, value in variables_in(captured):
            if is_leaf(value) or is_container(value):
                self.note(place, value)
        return len(self.hidden) > before

    def note(self, place: Place, value: Any) -> None:
        now = place.read()
        if now is value or not has_form(now, value) or is_leaf(now) and is_same(now, value):
            return
        token = place.token
        self.changes[token] = self.changes.get(token, 0) + 1
        if self.changes[token] >= (1 if type(value) is np.ndarray or is_container(value) else 2):
            self.hidden[token] = place


def is_container(value: Any) -> bool:
    """Whether it is a list, tuple, dict, named tuple or dataclass."""
    kind = type(value)
    return kind in CONTAINERS or is_users(root_module(kind)) and fields_of(kind) is not None and is_copied(value)


def has_form(x: Any, y: Any) -> bool:
    """Whether a program for one can be run with the other."""
    return type(x) is type(y) and make_match((y,))((x,)) is not None


class HiddenInputs:
    """Those of some places that can be inputs of a function with these captured, which no longer watch them.

    Attributes:
        places: by their tokens.
        owners: the ids of the functions, containers and objects that have to be copied so that boxes can stand there.
        forms: tests of what each holds, by the tokens.
        hold: whether all places hold values of the same form as when this was made.
        read: what they hold, as a list.
    """

    def __init__(self, places: Iterable[Place], captured: CapturedState) -> None:
        references = References(captured.followed.values())
        boxable = references.reached_by_copies(captured.arrays)
        held = {place.token: value for place, value in variables_in(captured)}
        known = collections.Counter(map(id, held.values()))
        self.places: dict[tuple, Place] = {}
        self.owners: set[int] = set()
        inside: set[int] = set()  # the ids of containers that are inputs as a whole
        values = []
        fields: set[tuple] = set()  # the tokens of those of records that are
        for place in sorted(places, key=lambda place: not is_container(held.get(place.token))):
            value = held.get(place.token)
            owners = owners_of(place, references)
            is_reached = owners and owners.isdisjoint(references.blocked)
            if not is_reached or place.token[1:] in references.in_modules or id(place.owner) in inside:
                continue
            if is_leaf(value) and type(value) is not np.ndarray or (
                    known[id(value)] == 1 and is_alone(value, references, boxable, captured.roots)):
                self.places[place.token] = place
                self.owners |= owners
                for each in filter(is_container, nodes_of(value)):
                    inside.add(id(each))
                    names = fields_of(type(each)) or ()
                    fields |= {(kind, id(each), name) for kind in ("attribute", "slot") for name in names}
                values.append(value)
        self.arrays = {id(each) for value in values for each in nodes_of(value) if type(each) is np.ndarray}
        if self.places:
            self.forms = {token: make_match((value,)) for token, value in zip(self.places, values)}
            self.hold, self.read = compile_reading(self.places, values, self.forms)
            tokens = fields | self.places.keys()
            captured.watched = {
                token: watch for token, watch in captured.watched.items()
                if id(watch.place.owner) not in inside and watch.place.variable().token not in tokens}
            captured.watch(Place("test", self.hold))
            captured.prepare()


def is_alone(value: Any, references: References, boxable: Mapping[int, np.ndarray], roots: Sequence[Any]) -> bool:
    """Whether an array or container, of which one place is known, and what it contains are known by no other name, by
    which they would have to be the same boxes."""
    if type(value) is not np.ndarray and not is_container(value):
        return False
    if references.compares_objects or references.is_held_elsewhere(value) or make_match((value,)) is no_match:
        return False
    nodes = [each for each in nodes_of(value) if type(each) is np.ndarray or is_container(each)]
    if any(root is each or getattr(root, "__self__", None) is each for root in roots for each in nodes):
        return False
    return all(id(each) in boxable for each in nodes if type(each) is np.ndarray) and all(
        references.counts[id(each)] == 1 for each in nodes if each is not value)


def nodes_of(value: Any) -> list:
    """A value, and if it is a container all that it contains."""
    if not is_container(value):
        return [value]
    children, _ = find_container(type(value))[0](value)
    return [value, *[node for item in children for node in nodes_of(item)]]


def owners_of(place: Place, references: References) -> set[int]:
    """The ids of what refers to a place."""
    if place.kind == "attribute" or place.kind == "slot":
        return {id(place.owner)} & references.objects.keys()
    functions = [value for value in references.objects.values() if type(value) is types.FunctionType]
    if place.kind == "cell":
        return {id(each) for each in functions if any(place.owner is cell for cell in each.__closure__ or ())}
    of_module = {
        id(each) for each in functions
        if each.__globals__ is place.owner and place.key in global_names(each.__code__)
    }
    own = {id(each) for each in functions if each.__dict__ is place.owner}
    return of_module or own or {id(place.owner)} & references.objects.keys()


def compile_reading(
    places: dict[tuple, Place], values: list, forms: dict[tuple, Callable],
) -> tuple[Callable[[], bool], Callable[[], list]]:
    """Functions that say whether the places hold values of the same form as these, and that give numbers and arrays."""
    names: dict[str, Any] = {"ABSENT": ABSENT}
    tests = []
    reads = []
    for i, (token, value) in enumerate(zip(places, values)):
        place = places[token]
        names[f"o{i}"], names[f"k{i}"], names[f"m{i}"] = place.owner, place.key, forms[token]
        expression = place.expression(f"o{i}", f"k{i}")
        tests.append(f"m{i}(({expression},)) is not None")
        reads.append(expression if is_leaf(value) else f"*m{i}(({expression},))")
    source = f"""def hold():
    try:
        return {' and '.join(tests)}
    except ABSENT:
        return False

def read():
    return [{', '.join(reads)}]
"""
    exec(compile(source, f"{__file__} for hold", "exec"), names)
    return names.pop("hold"), names.pop("read")
