"""Who else holds a value: what nobody else holds can be written into, so that n writes of single items cost O(n).

Each level of boxes has to be held by the level above alone, and the memory by the innermost. Nodes, other boxes and
views of NumPy that still need the old values hold a reference to them, which the reference count tells: then a write
makes a copy. Knows no primitive.

In the place of a copy for each write: without ``overwrites`` nobody owns a box. Gain: ``tests/test_writes.py``.
"""

from __future__ import annotations

import functools
import sys
import threading
from typing import Any

from ..array_ops import LARGE
from ..cotangents import deferred_types
from .donation import Overwriting, getrefcount, overwritable
from ..forward import JVPTrace
from ..tracer import Trace, box_classes, find_top_trace, to_value, watched_types

__all__ = [
    "IN_SLOT", "OwnedOverwriting", "can_overwrite", "is_owned", "lend_copies", "note_write", "overwrites",
    "writing",
]

writing = threading.RLock()
"""Held from where a write reads the old value to where the box stands for the new one: threads that write different
items of one array would lose some."""


class Slot:
    __slots__ = ("value",)


def count_in_slot() -> int:
    """What ``getrefcount(slot.value)`` gives where that slot alone holds the object."""
    slot = Slot()
    slot.value = object()
    return getrefcount(slot.value)


# (A slot hands out counted references also in Python 3.14, whose local variables do not.)
COUNTS_TELL = hasattr(sys, "getrefcount") and getattr(sys, "_is_gil_enabled", lambda: True)()
IN_SLOT = count_in_slot() if COUNTS_TELL else -1
"""Where reference counts do not tell, every value is held by others."""


def overwrites(trace: Trace) -> bool:
    """Whether a write may go into the memory of a box of this trace that nobody else holds."""
    return getattr(trace, "overwrites", False)


def is_owned(x: Any) -> bool:
    """Whether nobody holds the memory under ``x``, an array or a box that itself is the caller's alone, but ``x``."""
    if type(x) in deferred_types:  # a selected tangent
        return getrefcount(x.value) <= IN_SLOT and is_owned(x.value)
    while type(x) in box_classes:
        trace = x._trace
        if not overwrites(trace) or getrefcount(x._value) > IN_SLOT:
            return False
        if isinstance(trace, JVPTrace) and x._node is not None:
            if getrefcount(x._node) > IN_SLOT or not is_owned(x._node):
                return False
        x = x._value
    return type(x) in overwritable and x.flags.owndata and x.flags.writeable


def can_overwrite(box: Any, index: Any, value: Any) -> bool:
    """Whether ``box[index] = value`` can be written into the memory of ``box``."""
    if value is box or type(index) in watched_types and find_top_trace((index,)) is not None or not is_owned(box):
        return False
    while type(value) in box_classes:
        if not overwrites(value._trace):
            return False
        value = value._value
    return True


class OwnedOverwriting(Overwriting):
    """A rule that may write into cotangents of any size, also into boxes."""

    __slots__ = ()

    def bind(self, is_free, g):
        return functools.partial(self.rule, is_free and is_owned(g))


# A node that needs a slice of an array would keep the whole of its memory, and each write would have to copy it. So
# what is read from an array that is being written gets memory of its own.


def note_write(x: Any) -> None:
    """``x`` has been written into: lend copies until it is as if it had been copied once."""
    while type(x) in box_classes and overwrites(x._trace):
        if isinstance(x._trace, JVPTrace) and x._node is not None:
            note_write(x._node)
        memory = to_value(x)
        if type(memory) in overwritable and memory.nbytes > LARGE:
            x._copies_left = memory.nbytes
        x = x._value


def lend_copies(view: Any, base: Any) -> None:
    """Give ``view`` memory of its own, if ``base`` is being written."""
    left = getattr(base, "_copies_left", 0)
    trace = view._trace
    if left and overwrites(trace) and (size := to_value(view).nbytes) <= left:
        base._copies_left = left - size
        if type(view._value) in overwritable:
            view._value = view._value.copy("K")
        tangent = view._node if isinstance(trace, JVPTrace) else None
        if type(tangent) in overwritable:
            view._node = tangent.copy("K")
        elif type(tangent) in deferred_types and type(tangent.value) in overwritable:
            tangent.value = tangent.value.copy("K")
