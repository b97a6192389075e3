"""Words: the numbers that Python and the native runtime have in common: kinds of records, places in memory.

A *state* is the memory of one call: a header, then *cells* of 8 bytes: the bases, then counters of loops and what else
the records need; then numbers, and scratch memory. A *descriptor* says what a region takes, gives and runs.
"""

from __future__ import annotations

import types

from .engine import machine

__all__ = ["FLAGS", "NAMES"]

#: Kinds of records. Each begins with its kind and its length in words.
RECORDS = (
    "STOP", "CALL", "UFUNC", "UFUNC_MANY", "REPEAT", "AGAIN", "FLAGS_BEGIN", "FLAGS_END", "EXPECT", "SHARED",
    "NOTE", "RENEW",
)  # fmt: skip

#: The header of a state: the next free one, the floating-point flags after a run, those that are to be seen whatever
#: the caller's handling is, where the operands of a unit are put, the objects of the results, how a run with threads
#: ended; then what threads share (see sharing_text.py), in cache lines by who writes.
STATE = {
    "NEXT": 0, "RAISED": 1, "SEEN": 2, "FRAME": 3, "RESULTS": 4, "STATUS": 5,
    "TICKET": 8, "JOB_UNIT": 9, "JOB_START": 10, "JOB_STOP": 11, "JOB_CHUNK": 12, "JOB_COUNT": 13, "JOB_FRAME": 14,
    "THREADS": 16, "FINISHED": 17, "JOB_DONE": 24, "JOB_FLAGS": 25, "CELLS": 32,
}  # fmt: skip

#: The descriptor: of a region the records, the first free state, how many inputs and outputs, where they are described,
#: whether others may run meanwhile, whether threads share the work, and functions of Python's.
DESCRIPTOR = {
    "PROGRAM": 0, "FREE": 1, "INPUTS": 2, "OUTPUTS": 3, "INPUT_RECORDS": 4, "OUTPUT_RECORDS": 5, "UNLOCKED": 6,
    "LAUNCH": 7, "NEW_STATE": 8, "IS_VISIBLE": 9, "HANDLING": 10, "DESCRIPTOR_WORDS": 11,
}  # fmt: skip

#: Kinds of inputs and outputs.
VALUES = ("ARRAY", "BYTES", "INT", "BOOL", "FLOAT", "COMPLEX", "SCALAR")

#: The bits of floating-point errors in the processor's register, by NumPy's names.
FLAGS = (
    {"invalid": 1, "divide": 4, "over": 8, "under": 16} if machine() == "x86_64"  # MXCSR
    else {"invalid": 1, "divide": 2, "over": 4, "under": 8}  # FPSR
)  # fmt: skip

NAMES = types.MappingProxyType(
    {name: number for group in (RECORDS, VALUES) for number, name in enumerate(group)}
    | STATE | DESCRIPTOR | {"ALL_FLAGS": sum(FLAGS.values())}
)  # fmt: skip

# Each number is a name of this module.
globals().update(NAMES)
