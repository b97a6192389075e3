"""Pointwise functions: those of NumPy's and of the library's that are elementwise, and no ufuncs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ....numpy import selections
from ....numpy.rules import extrema, lengths, norms, reductions
from ...ir.node import Node, spec_at
from ..numpy_source import calls
from .elementwise import Elementwise, pointwise, select
from .operands import char_of
from .operations import exponent_of_infinity, find_operation
from .registers import PARTS, Lanes, Value

__all__: list[str] = []

OF_ONE = (reductions.sum_over, reductions.prod_over, extrema.max_over, extrema.min_over, reductions.mean_over)
"""Reductions that give a number as it is."""

TRUTHS = (reductions.all_over, reductions.any_over, reductions.count_over)
"""Those that give whether it is not 0."""


def same(lanes: Lanes, x: Value) -> Value:
    return x


def over_nothing(step: Node) -> bool:
    """Whether a reduction is of a number, over no axes."""
    spec = spec_at(step.args[0])
    return not spec.is_array and not spec.items and not step.spec.is_array and step.args[1] == ()


@pointwise(*[each.fun for each in OF_ONE])
def number(step: Node, char: str) -> Elementwise | None:
    if not over_nothing(step) or char_of(spec_at(step.args[0])) != char or char not in "fdFD":
        return None
    if step.function is reductions.mean_over.fun and char in "FD":
        return None  # a complex infinity that is divided by 1 is no longer one
    is_sum = step.function in (reductions.sum_over.fun, reductions.mean_over.fun)
    return Elementwise(step.args[:1], char, from_zero if is_sum else same)


def from_zero(lanes: Lanes, x: Value) -> Value:
    """A sum begins with 0, so that it is never -0."""
    return find_operation(np.add, x.char * 2)(lanes, x, lanes.const(0, x.char))


@pointwise(*[each.fun for each in TRUTHS])
def truth(step: Node, char: str) -> Elementwise | None:
    return Elementwise(step.args[:1], "?", same) if over_nothing(step) else None


def part(which: int) -> Callable:
    def find(step: Node, char: str) -> Elementwise | None:
        given = char_of(spec_at(step.args[0]))
        if len(step.args) > 1 and step.function is not calls.cast or step.spec.is_array:  # of arrays these are views
            return None
        if given == char and not which:
            return Elementwise(step.args[:1], char, same)
        if PARTS.get(given) != char:
            return None
        return Elementwise(step.args[:1], given, lambda lanes, x: lanes.parts(x)[which])

    return find


pointwise(np.real)(part(0))
pointwise(np.imag)(part(1))


@pointwise(np.isposinf, np.isneginf)
def infinite(step: Node, char: str) -> Elementwise | None:
    given = char_of(spec_at(step.args[0]))
    if given not in ("f", "d") or len(step.args) != 1:
        return None
    is_negative = step.function is np.isneginf

    def rule(lanes: Lanes, x: Value) -> Value:
        sign = find_operation(np.signbit, x.char)(lanes, x)
        if not is_negative:
            sign = find_operation(np.logical_not, "?")(lanes, sign)
        return lanes.op("and", lanes.compare("eq", *exponent_of_infinity(lanes, x)), sign)

    return Elementwise(step.args, given, rule)


@pointwise(np.fix)
def fix(step: Node, char: str) -> Elementwise | None:
    given = char_of(spec_at(step.args[0]))
    if given != char or char not in "fd" or len(step.args) != 1:
        return None
    return Elementwise(step.args, char, lambda lanes, x: lanes.intrinsic("trunc", x))


@pointwise(selections.ones_beside.fun)
def ones(step: Node, char: str) -> Elementwise | None:
    return Elementwise((step.args[0],), char_of(spec_at(step.args[0])), lambda lanes, x: lanes.const(1, char))


@pointwise(norms.infinite_where.fun)
def infinite_where(step: Node, char: str) -> Elementwise | None:
    answer, is_lost = step.args
    if char not in "fd" or char_of(spec_at(answer)) != char:
        return None
    return Elementwise((is_lost, np.inf, answer), "?" + char * 2, select)


@pointwise(lengths.unit.fun)
def unit(step: Node, char: str) -> Elementwise | None:
    """``x / length``, and 0 where the length is 0."""
    if char not in "fd" or any(char_of(spec_at(arg)) != char for arg in step.args):
        return None

    def rule(lanes: Lanes, x: Value, length: Value) -> Value:
        zero, one = lanes.const(0, char), lanes.const(1, char)
        is_zero = lanes.compare("oeq", length, zero)
        quotient = lanes.op("fdiv", x, lanes.select(is_zero, one, length))
        return lanes.select(is_zero, zero, quotient)

    return Elementwise(step.args, char * 2, rule)
