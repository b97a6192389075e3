"""Regions: translated code that runs: compiled, linked, its records packed, and called as a function."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import words
from .code import Code
from .descriptor import States, describe, unsupported
from .engine import available, compile_text
from .handling import TABLE, is_visible
from .launching import SHARED, launcher
from .packing import Packing
from .runtime import builtin
from .symbols import resolve, ufunc_loop

__all__ = ["compile_region"]

#: From how many ns of work on others may run meanwhile: to let go of Python's lock and take it again costs about
#: 0.1 µs, and much more when somebody has taken it.
LONG = 50_000

UNIT = re.compile(r"^define (?:dso_local )?void @([\w.$]+)\(", re.M)


def compile_region(code: Code) -> Callable[..., Any]:
    """A function of the region's inputs that gives its outputs in a tuple, or the only one.

    It gives None where NumPy's program has to run instead: for inputs of another kind, for a floating-point error that
    the caller is to see, where a guard fails.

    Raises:
        RuntimeError: there cannot be native programs here, or the text is not right.
        LookupError: something that the code calls is nowhere.
        TypeError: an input or output is of a kind that native code cannot have.
    """
    reason = available()
    if reason:
        raise RuntimeError(reason)
    reason = unsupported(code)
    if reason:
        raise TypeError(f"Native code has no {reason}.")
    units = UNIT.findall(code.text)
    module = compile_text(code.text, resolve(code.text), units) if units else None
    packing = Packing(code.bases, module.address if module else no_unit, ufunc_loop)
    packing.add(code.records)
    program = packing.finish()
    states = States(code, packing.cells, packing.frame)
    made = describe(code, program, states, {
        "UNLOCKED": int(packing.work > LONG), "IS_VISIBLE": id(is_visible), "HANDLING": TABLE.ctypes.data,
    })  # fmt: skip
    if packing.shared > SHARED:
        made.launch = launcher(program.ctypes.data)
        made[words.LAUNCH] = id(made.launch)
    made.keep += [module, is_visible, TABLE]
    return builtin(made)


def no_unit(name: str) -> int:
    raise LookupError(f"The text has no unit {name!r}.")
