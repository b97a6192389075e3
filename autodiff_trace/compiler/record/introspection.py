"""Introspection: where a function asks for what boxes cannot stand in for, the type of a value.

``isinstance(x, float)`` and ``x.__class__`` are answered as for the value itself, ``type(x)`` is the class of the box.
Which variables are surely no traced values is read off the instructions; one that is not understood may make any.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Iterable
from types import CodeType, FunctionType
from typing import Any

from ...captured_state.names import is_own

__all__ = ["why_typed"]

MAKERS = frozenset("""
    BUILD_LIST BUILD_MAP BUILD_SET BUILD_STRING BUILD_TUPLE CONTAINS_OP DICT_UPDATE FORMAT_SIMPLE FORMAT_VALUE
    FORMAT_WITH_SPEC IS_OP LIST_EXTEND LOAD_CONST LOAD_SMALL_INT MAKE_FUNCTION SET_UPDATE
""".split())
"""Instructions that make containers, text and truth values of Python's own."""

PLAIN = frozenset("""
    bin bool bytes callable chr dict dir enumerate filter float format frozenset hasattr hash hex id int isinstance
    issubclass len list map oct ord range repr reversed set slice sorted str tuple type zip
""".split())
"""Builtins that give no traced value, whatever they are given."""

CALLS = ("CALL", "CALL_FUNCTION", "CALL_KW", "CALL_FUNCTION_KW")
"""Those with KW take the names of the last arguments, a tuple, from the top."""

JUMPS = {*dis.hasjrel, *dis.hasjabs}

NEUTRAL = ("PUSH_NULL", "EXTENDED_ARG", "CACHE", "PRECALL", "RESUME", "NOP", "NOT_TAKEN")


def why_typed(reached: Iterable[Any], plain: Iterable[str] = ()) -> str:
    """What to say of a function of the user's among ``reached`` that asks by ``type(x)`` for the type of a variable
    that may be a number or an array; empty if there is none.

    Variables named ``plain`` are static arguments. The functions of primitives get plain values.
    """
    functions = [each for each in reached if type(each) is FunctionType]
    inside = {id(getattr(each, "fun", None)) for each in functions}
    plain = frozenset(("self", "cls", *plain))
    for each in functions:
        names = each.__globals__
        if id(each) in inside or "type" in names or not is_own(each):
            continue
        if x := find_asked(each.__code__, plain, PLAIN.difference(names)):
            return f"it asks for type({x}), which of traced values is another; write isinstance({x}, …)"
    return ""


@functools.lru_cache(1024)
def find_asked(code: CodeType, plain: frozenset[str], builtin: frozenset[str]) -> str:
    """The variable that may be traced and of which code takes the type. ``builtin``: names in ``PLAIN`` that are."""
    inner = (find_asked(const, plain, builtin) for const in code.co_consts if type(const) is CodeType)
    if found := next(filter(None, inner), ""):
        return found
    if "type" not in code.co_names:
        return ""
    steps = [step for step in dis.get_instructions(code) if step.opname not in NEUTRAL]
    asked = [
        following.argval if type(following.argval) is str else following.argval[0]
        for step, following in zip(steps, steps[1:])
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval == "type"
        and following.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_NAME"))
    ]  # after isinstance(x, type) follows a call
    asked = [name for name in asked if name not in plain]
    made = plain_variables(code, steps, builtin) if asked else ()
    return next((name for name in asked if name not in made), "")


def plain_variables(code: CodeType, steps: list[dis.Instruction], builtin: frozenset[str]) -> set[str]:
    """The local variables that are never set but to what Python makes itself."""
    flags = code.co_flags
    arguments = code.co_argcount + code.co_kwonlyargcount + bool(flags & 4) + bool(flags & 8)
    stored: dict[str, bool] = dict.fromkeys(code.co_varnames[:arguments], False)
    for i, step in enumerate(steps):
        names = step.argval if type(step.argval) is tuple else (step.argval,)
        if step.opname in ("STORE_FAST", "STORE_FAST_LOAD_FAST"):
            stored[names[0]] = stored.get(names[0], True) and is_made(steps, i, builtin)
        elif "STORE" in step.opname:
            stored.update((name, False) for name in names if type(name) is str)
    return {name for name, is_plain in stored.items() if is_plain}


def is_made(steps: list[dis.Instruction], store: int, builtin: frozenset[str]) -> bool:
    """Whether what instruction ``store`` sets a variable to is made by Python itself."""
    if steps[store].is_jump_target:
        return False
    before = steps[store - 1]
    if before.opname == "FOR_ITER":
        is_loop = steps[store - 2].opname == "GET_ITER"
        return is_loop and called(steps, store - 3, builtin) in ("range", "dir")
    return before.opname in MAKERS or called(steps, store - 1, builtin) is not None


def called(steps: list[dis.Instruction], call: int, builtin: frozenset[str]) -> str | None:
    """The builtin that an instruction calls; None if it is another function, or no call."""
    if steps[call].opname not in CALLS:
        return None
    above = operands_of(steps[call])  # what has been put on top of the function
    for step in reversed(steps[:call]):
        name = step.opname
        if not above:
            return step.argval if name == "LOAD_GLOBAL" and step.argval in builtin else None
        is_method = "METHOD" in name
        if step.is_jump_target or step.opcode in JUMPS or is_method and sys.version_info >= (3, 11):
            return None
        if "CALL" in name and name not in CALLS and not is_method:
            return None
        if name in CALLS:
            above += operands_of(step)
        elif name == "LOAD_GLOBAL":  # which puts a NULL beside functions, as PUSH_NULL does
            above -= 1
        elif name != "LOAD_ATTR" or not step.arg & 1 or sys.version_info < (3, 12):  # else it is of a method
            above -= dis.stack_effect(step.opcode, step.arg if step.opcode >= dis.HAVE_ARGUMENT else None)
        else:
            return None
    return None


def operands_of(call: dis.Instruction) -> int:
    """How much a call takes from the stack but the function."""
    return call.arg + call.opname.endswith("_KW")
