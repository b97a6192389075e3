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
from numbers import Number
from typing import Any

from .habits import HABITS
from .tracer import NO_KEYWORDS
from .unknown_names import unknown_keyword
from .unknown_sizes import is_same_shape

__all__ = ["check_primitive", "check_rules", "checked", "checked_all"]

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
        if returns_nothing(rule):
            raise TypeError(f"{where} returns nothing. Write return in front of what it computes.")
        most, least = most_arguments(rule), least_arguments(prim, rule)
        if most < least:
            raise TypeError(
                f"{where} takes {most} arguments, but gets {least} or more, rule(g, ans, *args): the cotangent (or "
                "tangent), the answer, and the arguments of the call."
            )


def checked(prim: Callable, rule: Callable | None, argument: int | str, is_forward: bool = False) -> Callable | None:
    """A rule of a user's that raises TypeError where it gives what is not like its argument (in forward mode like the
    answer); ``rule`` itself, where it is of this package."""
    if rule is None or is_own(rule):
        return rule

    @functools.wraps(rule, updated=())
    def call(g: Any, ans: Any, *args: Any, **kwargs: Any) -> Any:
        term = rule(g, ans, *args, **kwargs)
        try:  # as a rule both are arrays (0.3 instead of 2 µs)
            if term.shape == (ans if is_forward else args[argument]).shape:
                return term
        except (AttributeError, IndexError, TypeError):
            pass
        if is_forward:
            like = ans
        else:
            like = args[argument] if type(argument) is int and argument < len(args) else kwargs.get(argument)
        if term is not None and (shape := shape_of(like)) is not None:
            check_term(prim, rule, term, shape, "an answer" if is_forward else f"argument {argument!r}", is_forward)
        return term

    return call


def check_term(prim: Callable, rule: Callable, term: Any, shape: tuple, whose: str, is_forward: bool) -> None:
    found = shape_of(term)
    if found is not None and is_same_shape(found, shape) or found is None and type(term).__module__ != "builtins":
        return
    term_name = "tangent" if is_forward else "cotangent"
    code = getattr(rule, "__code__", None)
    place = f" ({code.co_filename}, line {code.co_firstlineno})" if code else ""
    if found is None:
        what, way = f"a {type(term).__name__}", f"It is one {term_name}, an array or a number."
    else:
        what = f"a {term_name} of shape {found}"
        way = "It has the shape of the answer." if is_forward else (
            "It has the shape of the argument; what NumPy has broadcast is summed by extend.unbroadcast(g, x)."
        )
    name = getattr(prim, "__name__", prim)
    raise TypeError(f"a rule of {name}{place} gave {what} for {whose} of shape {shape}. {way}")


def shape_of(x: Any) -> tuple | None:
    return () if isinstance(x, Number) and not hasattr(x, "shape") else getattr(x, "shape", None)


def checked_all(prim: Callable, rule: Callable) -> Callable:
    """The same of one rule for all arguments, which gives a list with one cotangent for each of those it is given."""
    if is_own(rule):
        return rule

    @functools.wraps(rule, updated=())
    def call(argnums: tuple, g: Any, ans: Any, args: Any, kwargs: dict) -> Any:
        terms = rule(argnums, g, ans, args, kwargs)
        count = len(terms) if isinstance(terms, (list, tuple)) else f"a {type(terms).__name__}, not"
        if count != len(argnums):
            raise TypeError(
                f"the rule for all arguments of {getattr(prim, '__name__', prim)} gave {count} cotangents for the "
                f"arguments {argnums}. It gives a list with one for each of argnums."
            )
        return terms

    return call


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


def returns_nothing(rule: Callable) -> bool:
    """Whether it computes something, and has no ``return``."""
    code = getattr(rule, "__code__", None)
    if not isinstance(code, types.CodeType) or code.co_flags & inspect.CO_GENERATOR:
        return False
    steps = [each for each in dis.get_instructions(code) if each.opname not in ("RESUME", "COPY_FREE_VARS", "NOP")]
    ends = [i for i, each in enumerate(steps) if each.opname in ("RETURN_VALUE", "RETURN_CONST")]
    nothing = [(steps[i - (steps[i].opname == "RETURN_VALUE")].argval, steps[i - 1].opname) for i in ends]
    is_none = all(
        value is None and (steps[i].opname == "RETURN_CONST" or before == "LOAD_CONST")
        for i, (value, before) in zip(ends, nothing)
    )
    return bool(ends) and is_none and len(steps) > 2


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
