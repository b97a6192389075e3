"""Arrays that a function reads when it is run again in the backward pass: they hold what they held at first.

The arguments of such a function are kept by copy. Arrays that it closes over are noticed when a primitive reads them.
What counts is the first time in each run: a buffer that the function fills before it reads it may hold anything before.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .errors import MutationError, caller_line
from .kept import check_snapshots, keepers

__all__ = ["Reading"]


class Reading:
    """What a function reads in one run.

    ``first`` has for the id of an array that the first run has read a weak reference to it (those that the function
    makes are gone with it), a copy, and snapshots where the copy is the array itself. A later run compares with it what
    it has not yet ``met``.
    """

    __slots__ = ("name", "first", "met")

    def __init__(self, name: str, first: dict[int, tuple] | None = None) -> None:
        self.name = name
        self.first: dict[int, tuple] = {} if first is None else first
        self.met: set[int] | None = None if first is None else set()

    def again(self) -> Reading:
        """What it reads in another run."""
        return Reading(self.name, self.first)

    def read(self, prim: Callable, args: Iterable) -> None:
        """Note the arrays among the arguments of a call, or compare them."""
        for i, arg in enumerate(args):
            kind = type(arg)
            if kind is list or kind is tuple:
                self.read(prim, arg)
            elif kind in keepers:
                reference, kept, snapshots = self.first.get(id(arg), UNKNOWN)
                is_known = reference() is arg
                if self.met is not None:
                    if is_known and id(arg) not in self.met:
                        self.met.add(id(arg))
                        self.compare(arg, kept, snapshots)
                elif not is_known and kind is not memoryview and kind is not bytearray:
                    snapshots = []
                    kept = keepers[kind](arg, prim, i, snapshots)
                    self.first[id(arg)] = weakref.ref(arg), None if kept is arg else kept, snapshots

    def compare(self, array: Any, kept: Any, snapshots: Sequence) -> None:
        check_snapshots(snapshots)
        if kept is not None and kept.tobytes() != array.tobytes():
            raise MutationError(
                f"{self.name} is run again in the backward pass, and reads an array of shape {array.shape} and dtype "
                f"{array.dtype} ({caller_line()}) that has been changed since. Pass it as an argument, of which a copy "
                "is kept, or make a new array instead of writing into the old one."
            )


UNKNOWN: tuple = (lambda: None, None, ())
