"""The plain arrays that a traced function computes with.

Programs read them anew in each run, by reference, since others may write to them between runs. A function that writes
into one itself has no program.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np

from ...core.array_ops import owned
from ..ir.node import LIVE, Node, literal
from ...captured_state.contents import Contents, sample

__all__ = ["LiveArrays"]

MEDIUM = 2**17
"""Bytes of an array of which a checksum is taken each time that it is read (0.03 ms)."""


class LiveArrays:
    """The arrays of one recording, and their nodes.

    Attributes:
        nodes: by the id of the array.
        contents: by the id, the array with what it held when it was first read, as a checksum, but for boxed ones, and
            as a sample.
        changed: whether one that was read again held something else then.
    """

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.contents: dict[int, tuple[np.ndarray, int | None, bytes]] = {}
        self.copies: dict[int, tuple[np.ndarray, Node]] = {}
        self.changed = False

    def node(self, array: np.ndarray, boxed: bool = False) -> Node:
        """The node of an array that is read now. ``boxed``: the function has a box of it, so that its writes are seen.

        One that the function has written into since it was first read is another value, which no program can tell from
        the first; but this run goes on, and gives what it gives without ``jit``.
        """
        key = id(array)
        if key in self.copies:
            return self.copies[key][1]
        node = self.nodes.get(key)
        if node is None:
            is_owned = owned.get(key) is array  # nobody else writes into it
            node = literal(array.copy()) if is_owned else Node(None, (), {}, array, LIVE, "constant")
            self.nodes[key] = node
            self.contents[key] = array, None if boxed else checksum(array), sample(array)
        elif self.is_changed(array):
            self.changed = True
            return literal(array.copy())
        return node

    def is_changed(self, array: np.ndarray) -> bool:
        """Whether the array holds something else than when it was first read; of a large one some is looked at."""
        _, first, some = self.contents[id(array)]
        return sample(array) != some if first is None or array.nbytes > MEDIUM else checksum(array) != first

    def note_copy(self, copy: np.ndarray, array: np.ndarray) -> None:
        """Let ``copy`` stand for ``array``, which has just been read: other runs read the array itself."""
        self.copies[id(copy)] = copy, self.node(array)

    def are_written(self, outside: Iterable[Contents]) -> bool:
        """Whether the function has written into an array that it computes with.

        ``outside`` is what the captured arrays held before it ran. One that it fills anew
        in each run counts as well: others may write into it before the next.
        """
        if self.changed or any(
            sample(array) != some if first is None else checksum(array) != first
            for array, first, some in self.contents.values()
        ):
            return True
        return any(id(each.array) in self.contents and not each.hold() for each in outside)


def checksum(array: np.ndarray) -> int:
    """What changes when the contents of an array do."""
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8)) if array.size else 0
