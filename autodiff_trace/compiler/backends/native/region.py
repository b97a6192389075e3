"""Regions: translated code that runs: compiled, linked, its records packed, and called as a function."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from . import layouts, words
from .bounds import check_bounds
from .code import Call, Code, Flags, Record, Repeat
from .descriptor import States, describe, unsupported
from .engine import Module, available, compile_text
from .handling import TABLE, is_visible
from .launching import SHARED, launcher
from .own_library import addresses_in
from .packing import Packing
from .plain import plain_region
from .runtime import builtin, runner
from .symbols import resolve, ufunc_loop
from .text_facts import facts_of

__all__ = ["compile_region"]

#: From how many ns of work on others may run meanwhile: to let go of Python's lock and take it again costs about
#: 0.1 µs, and much more when somebody has taken it.
LONG = 50_000


def compile_region(code: Code, debug: str | None = None) -> Callable[..., Any]:
    """A function of the region's inputs that gives its outputs in a tuple, or the only one.

    It gives None where NumPy's program has to run instead: for inputs of another kind, for a floating-point error that
    the caller is to see, where a guard fails.

    Args:
        code: the region.
        debug: "after" or "before" if each record is to be checked before it is run, with pages that may not be touched
            after or before each array; "plain" for the way of the records alone; "" for neither; None for what
            ``AUTODIFF_TRACE_NATIVE_DEBUG`` says ("1": "after").

    Raises:
        RuntimeError: there cannot be native programs here, or the text is not right.
        LookupError: something that the code calls is nowhere.
        TypeError: an input or output is of a kind that native code cannot have.
        OutOfBounds: a record reaches beyond its operands.
    """
    reason = available()
    if reason:
        raise RuntimeError(reason)
    reason = unsupported(code)
    if reason:
        raise TypeError(f"Native code has no {reason}.")
    if debug is None:
        debug = os.environ.get("AUTODIFF_TRACE_NATIVE_DEBUG", "")
        debug = "after" if debug == "1" else debug
    check_bounds(code)
    units = units_of(code.records)
    module = compile_text(code.text, resolve(code.text, addresses_in(code.text)), sorted(units)) if units else None
    packing = Packing(code.bases, module.address if module else no_unit, ufunc_loop, facts_of(code.text))
    if debug in ("after", "before"):
        return checked(code, packing, module, debug)
    packing.add(code.records)
    program = packing.finish()
    address = program.ctypes.data
    states = States(code, packing.cells, packing.frame)
    if debug or not layouts.is_expected():
        run = runner()
        return plain_region(code, states, lambda state: run(address, state), keep=(module, program))
    made = describe(code, program, states)
    made[words.UNLOCKED] = packing.work > LONG
    made[words.IS_VISIBLE], made[words.HANDLING] = id(is_visible), TABLE.ctypes.data
    if packing.shared > SHARED:
        made.launch = launcher(address)
        made[words.LAUNCH] = id(made.launch)
    made.keep += [module, is_visible, TABLE]
    return builtin(made)


def checked(code: Code, packing: Packing, module: Module | None, side: str) -> Callable[..., Any]:
    """The region with its records checked."""
    from .checked import checked_run
    from .guard_pages import GuardedMemory

    states, execute = checked_run(code, packing, side)
    return plain_region(code, states, execute, GuardedMemory(side), keep=module)


def units_of(records: Iterable[Record]) -> set[str]:
    """The units that records run."""
    found: set[str] = set()
    for record in records:
        if type(record) is Call:
            found.add(record.unit)
        elif type(record) in (Repeat, Flags):
            found |= units_of(record.body)
    return found


def no_unit(name: str) -> int:
    raise LookupError(f"The text has no unit {name!r}.")
