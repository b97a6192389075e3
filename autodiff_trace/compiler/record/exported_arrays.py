"""Plain arrays that NumPy asks boxes for: ``np.asarray(x)`` of an array ``x``, which is ``x`` itself without ``jit``.

What the function reads of one is a guard (all its elements). What it may do to it beside that is seen, so far as it
matters that it is an array of its own here.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from ...numpy.views import find_root
from ...captured_state.names import is_own, names_in
from ...captured_state.captured import CapturedState
from ...captured_state.references import compares_objects
from .refusals import NotReplayable

__all__ = ["ExportedArrays"]

REMEDY = "NumPy makes a plain array of a traced one (np.asarray(x)), {}; write anp.asarray(x)"

ABOUT_MEMORY = frozenset((
    "__array_interface__", "base", "ctypes", "flags", "may_share_memory", "require", "setflags", "shares_memory",
))


class ExportedArrays:
    """The plain arrays of one recording, by the ids of the values that they show."""

    def __init__(self) -> None:
        self.of_values: dict[int, tuple[Any, np.ndarray, Any, Any]] = {}
        self.boxes: dict[int, Any] = {}

    def give(self, box: Any, copy: np.ndarray) -> np.ndarray:
        """``copy``, read-only, as what NumPy gets of the array that is boxed; the same one each time."""
        key = id(box._value)
        if key not in self.of_values:
            copy.flags.writeable = False
            root = find_root(box)
            self.of_values[key] = box._value, copy, root, root._node
            self.boxes[id(copy)] = box
        return self.of_values[key][1]

    def take_back(self, outputs: list, captured: CapturedState) -> list:
        """The outputs of the function, with boxes for those that are arrays handed out.

        Raises NotReplayable if the function may have seen that these are other arrays.
        """
        if not self.boxes:
            return outputs
        if any(root._node is not node for _, _, root, node in self.of_values.values()) or self.are_changed():
            raise NotReplayable(REMEDY.format("and writes into that"))
        functions = captured.followed.values()
        codes = [each.__code__ for each in functions if type(each) is types.FunctionType and is_own(each)]
        if any(compares_objects(code) or not ABOUT_MEMORY.isdisjoint(names_in(code)) for code in codes):
            raise NotReplayable(REMEDY.format("and looks at which array that is"))
        outputs = [self.boxes.get(id(each), each) for each in outputs]
        copies = [copy for _, copy, _, _ in self.of_values.values()]
        if any(np.may_share_memory(each, copy) for each in outputs if isinstance(each, np.ndarray) for copy in copies):
            raise NotReplayable(REMEDY.format("a view of which it returns"))
        return outputs

    def are_changed(self) -> bool:
        """Whether one has been given another form, or has been made writable."""
        return any(copy.flags.writeable or copy.shape != value.shape or copy.dtype != value.dtype
                   for value, copy, _, _ in self.of_values.values())

    def originals(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """What stands outside for the arrays that the function has stored there, after these, by their ids."""
        return {id(copy): (copy, value) for value, copy, _, _ in self.of_values.values()}

    def explain(self, error: BaseException) -> NotReplayable | None:
        """What to say of an error that comes from writing into one; None of any other."""
        if not self.boxes:
            return None
        if not self.are_changed() and not (isinstance(error, ValueError) and "read-only" in f"{error}"):
            return None
        problem = NotReplayable(REMEDY.format("and writes into that"))
        problem.writes = True
        return problem
