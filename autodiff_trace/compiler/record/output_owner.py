"""Outputs of the run that was recorded, in memory of their own: who writes into them changes no program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.tracer import is_box
from ...numpy import wrapped as anp
from ...numpy.views import find_root, refresh_views
from ..ir.node import OUTSIDE, Node

__all__ = ["Owner", "bases", "copy_own_boxes", "copy_together", "refresh_shared"]


def bases(array: np.ndarray) -> Iterator[np.ndarray]:
    """An array, what it is a view of, what that is a view of …"""
    while type(array) is np.ndarray:
        yield array
        array = array.base


def refresh_shared(outputs: list) -> None:
    """Compute outputs that are views of one array anew from what that holds now: a view through which was written has
    a value of its own, but what the program returns is to share its memory."""
    roots = [find_root(x) for x in {id(x): x for x in outputs if is_box(x)}.values()]
    counts = Counter(map(id, roots))
    for root in {id(root): root for root in roots if counts[id(root)] > 1}.values():
        refresh_views(root)


def copy_own_boxes(outputs: list, inputs: list) -> list:
    """The outputs with a copy in place of each box of an argument that is not that of the argument itself: a loop or a
    branch has made it one of its own, to write into, and uncompiled that is a copy. ``inputs`` are boxes and nodes."""
    arguments = {id(node): box for box, node in inputs}
    copies: dict[int, Any] = {}
    for x in outputs:
        argument = arguments.get(id(x._node)) if is_box(x) else None
        if argument is not None and argument is not x and x.shape and id(x) not in copies:
            copies[id(x)] = anp.copy(x)
    return [copies.get(id(x), x) for x in outputs]


class Owner:
    """Copies what the program may refer to. Two outputs that are one object, or share memory, still do so then."""

    def __init__(self, arguments: list, constants: list) -> None:
        self.arguments = arguments
        self.constants = constants
        self.kept: set[int] = set()  # roots of outputs that stay what they are
        self.copies: dict[int, np.ndarray] = {}  # by the id of the array

    def own(self, values: list, nodes: list) -> list:
        """The outputs ``values`` of ``nodes``, or copies."""
        arrays = [each for each in zip(values, nodes) if type(each[0]) is np.ndarray]
        self.kept = {id(root_of(value)) for value, node in arrays if self.stays(value, node)}
        return [value if type(value) is not np.ndarray or id(root_of(value)) in self.kept else self.copy(value)
                for value in values]

    def stays(self, value: np.ndarray, node: Node) -> bool:
        """Whether an output is, or is a view of, an argument or an array that the function found outside, or no
        constant of the program."""
        if is_shared(value, self.arguments) or node.out == OUTSIDE:
            return True
        return node.kind != "constant" and 0 not in value.strides and not is_shared(value, self.constants)

    def copy(self, value: np.ndarray) -> np.ndarray:
        """A copy of an array, or the same view of a copy of the array that it is a view of."""
        found = self.copies.get(id(value))
        if found is None:
            root = root_of(value)
            found = value.copy(order="K") if root is value else self.view(root, value)
            found.flags.writeable = value.flags.writeable
            self.copies[id(value)] = found
        return found

    def view(self, root: np.ndarray, value: np.ndarray) -> np.ndarray:
        """The view of a copy of ``root`` that ``value`` is of ``root``; a copy of its own if that has gaps."""
        dense = root.ravel("K")
        if not np.may_share_memory(dense, root):
            return value.copy(order="K")
        copy = self.copies.setdefault(id(root), root.copy(order="K"))
        start = value.__array_interface__["data"][0] - root.__array_interface__["data"][0]
        return np.ndarray(value.shape, value.dtype, copy.ravel("K"), start, value.strides)


def copy_together(arrays: list) -> list:
    """Copies of arrays, which share memory where these do."""
    return [*map(Owner([], []).copy, arrays)]


def root_of(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory."""
    *_, root = bases(array)
    return root


def is_shared(value: np.ndarray, others: list) -> bool:
    return any(np.may_share_memory(value, other) for other in others)
