"""Rules as users give them: an error where they are given, if they have the form of another library or take too little.

Rules of this package are not looked at: importing it defines some hundreds.
"""

from __future__ import annotations

import dis
import functools
import inspect
import math
import types
from collections.abc import Callable, Iterable
from typing import Any

from .habits import HABITS
from .tracer import NO_KEYWORDS
from .unknown_names import unknown_keyword

__all__ = ["check_primitive", "check_rules"]

PACKAGE = __name__.partition(".")[0]
POSITIONAL = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD

RETURNING = frozenset("""
    MAKE_FUNCTION SET_FUNCTION_ATTRIBUTE STORE_FAST LOAD_FAST LOAD_FAST_BORROW STORE_FAST_LOAD_FAST STORE_DEREF
    LOAD_DEREF RETURN_VALUE
""".split())
"""What code does from the making of a function on, if that is what it returns, perhaps by a variable."""


def check_primitive(definer: str, prim: Any) -> None:
    """Raise TypeError for what can have no rules."""
    if not hasattr(prim, "vjps"):
        name = getattr(prim, "__name__", repr(prim))
        raise TypeError(
            f"{definer}: {name} is no primitive, so that it can have no rules. Write f = extend.primitive({name}); of "
            "NumPy's functions write anp.f."
        )


def check_rules(
    definer: str, prim: Callable, rules: Iterable[Any], keyword_rules: dict[str, Any] = NO_KEYWORDS
) -> None:
    """Raise TypeError for what cannot be a rule of ``prim``, ``rule(g, ans, *args, **kwargs)``; None is one."""
    for name, rule in keyword_rules.items():
        if rule is not None and not callable(rule):
            raise unknown_keyword(definer, [name])
    for rule in (*rules, *keyword_rules.values()):
        if rule is None or is_own(rule):
            continue
        where = f"{definer}: a rule of {getattr(prim, '__name__', prim)}"
        if rule == "same":
            raise TypeError(f"{where} is 'same', as in autograd. {HABITS['autograd']['rules']['same']}.")
        if not callable(rule):
            raise TypeError(f"{where} is {rule!r}, not a function rule(g, ans, *args), or None.")
        if is_curried(rule):
            raise TypeError(f"{where} is curried, as in autograd. {HABITS['autograd']['rules']['curried']}.")
        most, least = most_arguments(rule), least_arguments(prim, rule)
        if most < least:
            raise TypeError(
                f"{where} takes {most} arguments, but gets {least} or more, rule(g, ans, *args): the cotangent (or "
                "tangent), the answer, and the arguments of the call."
            )


def is_own(rule: Any) -> bool:
    while isinstance(rule, functools.partial):
        rule = rule.func
    return (getattr(rule, "__module__", None) or "").partition(".")[0] == PACKAGE


def is_curried(rule: Callable) -> bool:
    """Whether it is called without a cotangent and gives a function of it: its first parameter is the answer, and it
    makes a function or has no room for a cotangent, or the last that it does is to return a function that it makes."""
    code = getattr(rule, "__code__", None)
    if not isinstance(code, types.CodeType):
        return False
    instructions = list(dis.get_instructions(code))
    made = [i for i, each in enumerate(instructions) if each.opname == "MAKE_FUNCTION"]
    if code.co_varnames[:1] == ("ans",) and code.co_argcount and (made or code.co_argcount < 3):
        return True
    if not made or not RETURNING.issuperset([each.opname for each in instructions[made[-1] :]]):
        return False
    names = [each.argval for each in instructions[made[-1] :] if each.opname.startswith(("STORE_", "LOAD_"))]
    return len({name for each in names for name in (each if isinstance(each, tuple) else [each])}) <= 1


def parameters_of(function: Callable) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some C functions have none
        return None


def most_arguments(rule: Callable) -> float:
    """How many arguments a rule takes at most, by position."""
    parameters = parameters_of(rule)
    if parameters is None or any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return math.inf
    return len([each for each in parameters if each.kind in POSITIONAL])


def least_arguments(prim: Callable, rule: Callable) -> int:
    """How many it gets at least: those of a call that it takes by name come by name, perhaps."""
    by_name = [each for each in parameters_of(rule) or () if each.kind not in POSITIONAL]
    if any(each.kind is each.VAR_KEYWORD for each in by_name):
        return 3
    names = {each.name for each in by_name}
    needed = [each for each in parameters_of(prim) or () if each.kind in POSITIONAL and each.default is each.empty]
    return 2 + len([each for each in needed if each.name not in names])
