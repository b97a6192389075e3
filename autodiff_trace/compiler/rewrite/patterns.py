"""Patterns of rewriting rules, written as formulas: ``Rule("minus a negative", x - (-y), x + y)``.

A formula of arithmetic matches real floating-point numbers; of what is added or multiplied either operand may come
first. A :class:`Term` stands for any operand, or for those for which its condition holds; a number for itself, the same
in each run. All steps that a pattern matches have one error handling.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...numpy.error_states import quiet
from ..ir.infer import call
from ..ir.node import Node, literal, spec_at, value_of
from ..ir.terms import is_factor, is_number, is_real
from .lowering.table import as_operand

__all__ = [
    "ANY", "ARRAY", "NEGATIVE", "NUMBER", "Call", "Pattern", "Rule", "Term", "Uses", "head", "once", "reduced", "same",
]

ANY, NUMBER, ARRAY = "any", "number", "array"
"""What an operand can be beside a call of a function: anything, or a constant without axes, or with some."""

Uses = Callable[[Node], int]
"""How often a value is used in the program; 0 where nothing needs it, or the step is new."""


class Pattern:
    """A formula. Where it stands as a replacement, :meth:`build` makes its steps."""

    def __add__(self, other): return PLUS(self, other)
    def __radd__(self, other): return PLUS(other, self)
    def __sub__(self, other): return MINUS(self, other)
    def __mul__(self, other): return TIMES(self, other)
    def __truediv__(self, other): return OVER(self, other)
    def __rtruediv__(self, other): return OVER(other, self)
    def __pow__(self, other): return POWER(self, other)
    def __neg__(self): return NEGATIVE(self)


class Term(Pattern):
    """Any operand for which ``holds(operand)``."""

    def __init__(self, name: str, holds: Callable[[Any], bool] | None = None) -> None:
        self.name, self.holds = name, holds

    def matches(self, arg: Any, found: dict[str, Any], uses: Uses) -> bool:
        if self.holds is not None and not self.holds(arg):
            return False
        found[self.name] = arg
        return True

    def build(self, found: dict[str, Any], step: Node) -> Any:
        return found[self.name]


class Number(Pattern):
    """A number that is the same in each run."""

    def __init__(self, number: int) -> None:
        self.number = number

    def matches(self, arg: Any, found: dict[str, Any], uses: Uses) -> bool:
        return is_number(arg, self.number)

    def build(self, found: dict[str, Any], step: Node) -> Any:
        return as_operand(self.number, step.spec.dtype) if step.spec.is_array else self.number


class Call(Pattern):
    """A call of one of ``functions`` (a ufunc and its operator); without ``operands`` of any. ``single``: of which the
    value is used once."""

    def __init__(self, functions: tuple, operands: tuple | None, real=False, commutes=False, single=False) -> None:
        self.functions = functions
        self.operands = operands and tuple([each if isinstance(each, Pattern) else Number(each) for each in operands])
        self.real, self.commutes, self.single = real, commutes, single
        self.counts_uses = single or any([each.counts_uses for each in self.operands or () if isinstance(each, Call)])

    def matches(self, arg: Any, found: dict[str, Any], uses: Uses) -> bool:
        if type(arg) is not Node or arg.kind != "call" or arg.kwargs:
            return False
        for function in self.functions:
            if function is arg.function:
                return self.matches_operands(arg, found, uses) and (not self.single or uses(arg) <= 1)
        return False

    def matches_operands(self, step: Node, found: dict[str, Any], uses: Uses) -> bool:
        """Whether a call of one of the functions is of such operands, which are noted in ``found`` by their names."""
        if self.real and not is_real(step.spec):
            return False
        if self.operands is None:
            return True
        args = step.args
        if len(args) != len(self.operands):
            return False
        for order in (args, args[::-1]) if self.commutes else (args,):
            for each, arg in zip(self.operands, order):
                if not each.matches(arg, found, uses) or type(each) is Call and arg.errstate != step.errstate:
                    break
            else:
                return True
        return False

    def find_inner(self) -> tuple:
        """What one of the operands must be for the pattern to match: a call of one of these functions, or a number."""
        inner = [each for each in self.operands or () if not isinstance(each, Term)]
        return (ANY,) if not inner else inner[0].functions if isinstance(inner[0], Call) else (NUMBER, ARRAY)

    def build(self, found: dict[str, Any], step: Node, is_whole: bool = False) -> Any:
        args = tuple([each.build(found, step) for each in self.operands])
        if not is_whole and all(map(is_factor, args)):
            return self.fold(args)
        is_ufunc = step.spec.is_array or isinstance(step.function, np.ufunc)
        if is_whole:
            return step.with_call(self.functions[0 if is_ufunc else -1], args)
        # Of Python's numbers NumPy would make its own, which other dtypes give way to.
        is_python = all(spec_at(arg).dtype is None for arg in args)
        return call(self.functions[0 if is_ufunc and not is_python else -1], args, step)

    @quiet
    def fold(self, args: tuple) -> Any:
        """The number that is computed from others."""
        value = self.functions[-1](*map(value_of, args))
        return value if type(value) in (int, float) else literal(value)


def head(*functions: Callable, **facts: bool) -> Callable[..., Call]:
    """What makes patterns of calls of these functions."""
    return lambda *operands: Call(functions, operands, **facts)


PLUS = head(np.add, operator.add, real=True, commutes=True)
MINUS = head(np.subtract, operator.sub, real=True)
TIMES = head(np.multiply, operator.mul, real=True, commutes=True)
OVER = head(np.divide, operator.truediv, real=True)
POWER = head(np.power, operator.pow, real=True)
NEGATIVE = head(np.negative, operator.neg, real=True)


def once(pattern: Call) -> Call:
    """The call, where nothing else uses its value."""
    return Call(pattern.functions, pattern.operands, pattern.real, pattern.commutes, single=True)


def reduced(x: Pattern, *functions: Callable) -> Call:
    """The pattern of a reduction of ``x`` over ``axis``, to its own dtype."""
    return head(*functions)(x, Term("axis"), NONE, NONE, Term("keepdims"))


NONE = Term("none", lambda arg: arg is None)


class Rule(NamedTuple):
    """What a step that matches ``pattern`` is replaced by, if ``when(step, **operands)``.

    ``into`` is a formula, or a function ``into(step, **operands)`` that gives the step that takes the place (whose
    operands may be new steps), or a list of effects and, last, that step; None if there is nothing better.
    """

    name: str
    pattern: Call
    into: Pattern | Callable[..., Node | list[Node] | None]
    when: Callable[..., bool] | None = None
    inner: tuple = ()
    """What one of the operands must be, where the pattern does not say."""

    def apply(self, step: Node, uses: Uses) -> Node | list[Node] | None:
        """What takes the place of a call of one of the pattern's functions; None if the rule does not apply."""
        found: dict[str, Any] = {}
        if not self.pattern.matches_operands(step, found, uses):
            return None
        if self.when is not None and not self.when(step, **found):
            return None
        if isinstance(self.into, Call):
            return self.into.build(found, step, is_whole=True)
        if isinstance(self.into, Term):
            return same(found[self.into.name], step)
        return self.into(step, **found)


def same(x: Any, step: Node) -> Node | None:
    """``x`` if it has the type, shape and dtype, byte order included, of the value of ``step``."""
    if type(x) is not Node:
        return None
    one, other = x.spec, step.spec
    return x if (one.kind, one.shape, one.dtype) == (other.kind, other.shape, other.dtype) else None
