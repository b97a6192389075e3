"""Refusals: what stops a recording whose run no replay can repeat. Then the function itself runs."""

from __future__ import annotations

from ...core.foreign import array_types

__all__ = ["DRAWS", "MixedTraces", "NotReplayable", "SharedMemory", "unrecorded"]

DRAWS = "it draws random numbers that the trace does not see; draw with anp.random, or outside"


class NotReplayable(BaseException):
    """The function does what no replay can repeat; the message says what, and what to do.

    No ``except Exception`` of the function is meant to catch it. ``writes``: the function has assigned to items of its
    arguments. ``failure``: the error of this package, if it was one.
    """

    writes = False
    failure: Exception | None = None


class MixedTraces(NotReplayable):
    """The function reads traced values of a transformation around it: this call is no business of ``jit``."""


class SharedMemory(NotReplayable):
    """The function writes into an argument that shares memory with another, or, if ``outside``, with an array there: no
    program writes into arguments, so that the other would not see it. Or else, if not ``writes``, into that array."""

    def __init__(self, outside: bool, writes: bool = True) -> None:
        other = "an array outside that it can reach" if outside else "another"
        written, other = ("an argument", other) if writes else ("an array outside", "an argument")
        super().__init__(f"it writes into {written} that shares memory with {other}; pass copies")
        self.outside = outside
        self.writes = writes


def unrecorded(kind: type) -> NotReplayable:
    """The refusal of an operand of a type that no program holds: arrays of other libraries are left to these."""
    if kind not in array_types:
        return NotReplayable(f"it computes with a {kind.__name__}; make it an array with np.array(...)")
    return NotReplayable(
        f"it computes with arrays of type {kind.__module__.partition('.')[0]}.{kind.__name__}, which are left to their "
        "library: without jit it is as quick"
    )
