"""Shadow copies: a function and the variables outside it, copied as far as they lead to arrays, with boxes for these.

The recording runs the copies: so the trace sees what plain NumPy and Python do with an array outside, and the user's
own variables are never seen with a box in them, by no other thread:

    f = lambda x: x * np.log(W).sum()    [run is a copy of f, the cell or globals of which hold a box of W]

What cannot be copied (a class, a module, a wrapper of another package) goes on as it is, and so do the arrays to which
it leads: those have to be compared in each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.pytree import find_container, tree_flatten
from ...core.tracer import box_classes, boxers, is_box, to_value
from ...numpy.views import find_root
from ...captured_state.copying import Copier
from ...captured_state.holders import snapshot, write_changes
from ...captured_state.names import MISSING
from ...captured_state.places import Place
from ...captured_state.references import References
from ...captured_state.captured import CapturedState
from ..dispatch.arguments import is_leaf
from ..ir.node import substitute
from .hidden_inputs import HiddenInputs, is_container
from .record import RecordTrace
from .refusals import MixedTraces

__all__ = ["ShadowCopies"]


class ShadowCopies(Copier):
    """Copies of what leads to arrays outside and to hidden inputs, with boxes in their place: none at first.

    Attributes:
        arrays: those that boxes stand for wherever they are, by their ids.
        inputs: the boxes of the hidden inputs, by their places.
    """

    def __init__(self, trace: RecordTrace) -> None:
        super().__init__(set())
        self.trace = trace
        self.boxes: list[tuple[Any, Any, Any]] = []  # what boxes stand for, the boxes, and their nodes
        self.boxed: dict[int, np.ndarray] = {}  # the arrays that boxes stand for, by the ids of the boxes
        self.holders: list[tuple[Any, Any, Any]] = []  # an original that can be written to, its copy, what that held
        self.arrays: dict[int, np.ndarray] = {}
        self.inputs: dict[tuple, Any] = {}
        self.places: dict[tuple, Place] = {}

    def stand_for(self, captured: CapturedState, hidden: HiddenInputs | None) -> bool:
        """Stand for the arrays among what is captured, and for hidden inputs; whether there are any."""
        self.references = references = References(captured.followed.values())
        self.arrays = references.reached_by_copies(captured.arrays)
        owners: set[int] = set()
        if hidden is not None:
            self.places = hidden.places
            self.arrays = {key: array for key, array in self.arrays.items() if key not in hidden.arrays}
            owners = hidden.owners
            for token, place in hidden.places.items():
                value = place.read()
                if hidden.forms[token]((value,)) is None:
                    raise MixedTraces("another thread changes the form of what it reads")
                self.inputs[token] = self.box_tree(value)
        self.copied = references.leading_to({*self.arrays, *owners})
        return bool(self.arrays or self.inputs)

    def box_tree(self, value: Any) -> Any:
        """Boxes of the numbers and arrays in a hidden input, from left to right."""
        kind = type(value)
        if is_leaf(value):
            return self.note_box(value, self.trace.input(value, f"hidden{len(self.boxes)}"))
        if not is_container(value):
            return value
        take_apart, build = find_container(kind)
        children, extra = take_apart(value)
        copied = build(extra, [self.box_tree(each) for each in children])
        self.filled(value, copied)
        return self.keep(value, copied)

    def note_box(self, value: Any, box: Any) -> Any:
        self.boxes.append((value, box, box._node))
        if isinstance(value, np.ndarray):
            self.boxed[id(box)] = value
        return box

    @property
    def seen(self) -> set[int]:
        """The ids of the arrays of which the trace sees each use."""
        return {*self.arrays, *[id(value) for value, _, _ in self.boxes]}

    def filled(self, value: Any, copied: Any) -> None:
        if not isinstance(value, tuple):
            self.holders.append((value, copied, snapshot(copied)))

    def leaf(self, value: Any) -> Any:
        return self.note_box(value, self.trace.hidden(value)) if id(value) in self.arrays else MISSING

    def variable(self, place: Place) -> Any:
        """What stands for a variable: the box of a hidden input, or of an array, or a copy, or itself."""
        box = self.inputs.get(place.token) if self.inputs else None
        return super().variable(place) if box is None else box

    def names_in(self, variables: dict) -> list[str]:
        return [name for name in self.references.names[id(variables)] if name in variables]

    def is_other(self, place: Place) -> bool:
        return place.token in self.inputs or super().is_other(place)

    def take_states(self) -> list[tuple[Place, Any]]:
        """The places of hidden inputs that the function has given new numbers or arrays, or containers of such, and
        what; in the copies the boxes are put back."""
        states = []
        for token, place in self.places.items():
            copied = place._replace(owner=self.made.get(id(place.owner)))
            now = copied.read()
            if now is not (box := self.inputs[token]) and self.is_state(now):
                states.append((place, now))
                copied.write(box)
        return states

    def is_state(self, value: Any) -> bool:
        """Whether it consists of values that a program can return; a container that is known outside is none."""
        if id(value) in self.originals:
            return False
        return all(type(leaf) in boxers and (type(leaf) not in box_classes or leaf._trace is self.trace)
                   for leaf in tree_flatten(value)[0])

    def written(self) -> list[tuple[np.ndarray, Any]]:
        """The arrays outside that the function has written into, with the boxes that hold what it has written."""
        arrays = [each for each in self.boxes if isinstance(each[0], np.ndarray)]
        return [(array, box) for array, box, node in arrays if box._node is not node]

    def write_back(self, outside: Callable[[Any], Any]) -> bool:
        """Do to the originals what the function has done to the copies; whether it has done something."""
        written = self.written()
        for array, box in written:
            np.copyto(array, to_value(box), casting="unsafe")
        is_changed = bool(written)
        for original, copied, before in self.holders:
            if write_changes(original, copied, before, outside):
                is_changed = True
        return is_changed

    def shown(self, box: Any) -> Any:
        """The value of a box outside: the array that it stands for, a view of that if it is one, or what it holds."""
        if id(box) in self.boxed:
            return self.boxed[id(box)]
        if not is_box(box) or id(find_root(box)) not in self.boxed:
            return to_value(box)
        base, prim, args, kwargs = box._view_of
        keywords = {name: substitute(arg, to_value) for name, arg in kwargs.items()}
        return prim.fun(self.shown(base), *[substitute(arg, to_value) for arg in args], **keywords)
