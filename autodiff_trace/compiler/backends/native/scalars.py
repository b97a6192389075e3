"""Scalars: steps on arrays of so few elements that each element is a number in a register of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...ir.node import Node, spec_at
from ..numpy_source import calls
from .access import load_one, store
from .elementwise import Elementwise, find_elementwise
from .operands import char_of, is_few, is_number, multiplies_by_one_number, step_name
from .operations import find_operation
from .places import Place
from .registers import Lanes, Lines, Value
from .units import Unit

__all__ = ["Scalars", "find_scalar_rule", "guard", "is_guard"]

Rule = Callable[["Scalars", Node], list[Value]]


def find_scalar_rule(step: Node, own: dict[np.ufunc, Callable]) -> Rule | Elementwise | None:
    """How a step is computed number by number; None if it is not, or has too many."""
    if not is_few(step):
        return None
    rule = None if step.kwargs or step.function.__hash__ is None else RULES.get(step.function)
    if rule is product and not own:
        return None  # the BLAS has an order of its own
    if rule is None:
        rule = find_elementwise(step, own)
        if rule is not None and not all(map(is_few, rule.operands)):
            return None
        return rule
    return rule if all(is_few(arg) for arg in _operands(step)) and RULE_HOLDS.get(step.function, holds)(step) else None


def _operands(step: Node) -> list:
    first = step.args[0]
    items = first if type(first) in (list, tuple) else [first]
    return [*items, *(arg for arg in step.args[1:] if type(arg) is Node)]


def holds(step: Node) -> bool:
    return True


class Scalars:
    """Writes a unit of such steps. Where a truth among ``expected`` is False, NumPy's program has to run: ``flag`` is
    where the unit says so."""

    def __init__(
        self, steps: Sequence[Node], rule: Callable[[Node], Any], place: Callable[[Any], Place],
        outputs: dict[Node, Place], results: Callable[[Node], list[Node]],
        temporary: Callable[[tuple[int, ...], np.dtype], Place],
    ) -> None:
        self.steps, self.rule, self.place, self.outputs, self.results = steps, rule, place, outputs, results
        self.temporary = temporary
        self.expected: list[Value] = []
        self.flag: Place | None = None
        self.lines = Lines()
        self.lanes = Lanes(self.lines, 1)
        self.values: dict[Node, list[Value]] = {}
        self.places: list[Place] = []

    def write(self) -> Unit:
        for step in self.steps:
            self.compute(step)
        for node, place in self.outputs.items():
            name = self.parameter(place)
            for value, offset in zip(self.values[node], place.elements()):
                store(self.lanes, self.lanes.convert(value, place.dtype.char), self.moved(name, offset), 0)
        if self.expected:
            self.flag = self.temporary((), np.dtype(bool))
            truth = self.expected[0]
            for each in self.expected[1:]:
                truth = self.lanes.op("and", truth, each)
            store(self.lanes, truth, self.parameter(self.flag), 0)
        names = ", ".join(dict.fromkeys(map(step_name, self.steps)))
        return Unit(self.lines.as_unit(), self.places, 0, 1, 0, self.lines, f"{len(self.steps)} on numbers: {names}")

    def compute(self, step: Node) -> None:
        rule = self.rule(step)
        self.values[step] = self.elementwise(step, rule) if type(rule) is Elementwise else rule(self, step)

    def parameter(self, place: Place) -> str:
        address = self.lines.emit(f"getelementptr ptr, ptr %frame, i64 {len(self.places)}")
        self.places.append(place)
        return self.lines.emit(f"load ptr, ptr {address}")

    def moved(self, name: str, offset: int) -> str:
        return self.lines.emit(f"getelementptr i8, ptr {name}, i64 {offset}") if offset else name

    def numbers(self, arg: Any) -> list[Value]:
        """The elements of an operand, in the order of C."""
        if type(arg) is Node and arg in self.values:
            return self.values[arg]
        if is_number(arg):
            value = arg.value if type(arg) is Node else arg
            spec = spec_at(arg)
            char = char_of(spec)
            return [self.lanes.const(value, char)]
        if type(arg) is not Node:
            return [self.lanes.const(each, arg.dtype.char) for each in np.ravel(arg)]
        place = self.place(arg)
        name = self.parameter(place)
        found = [load_one(self.lanes, self.moved(name, offset), place.dtype.char) for offset in place.elements()]
        self.values[arg] = found
        return found

    def broadcast(self, arg: Any, shape: tuple[int, ...]) -> list[Value]:
        numbers = self.numbers(arg)
        own = spec_at(arg).shape
        if own == shape:
            return numbers
        order = np.broadcast_to(np.arange(len(numbers)).reshape(own), shape)
        return [numbers[i] for i in order.ravel()]

    def elementwise(self, step: Node, how: Elementwise) -> list[Value]:
        shape = step.spec.shape
        columns = []
        for arg, char in zip(how.operands, how.chars):
            columns.append([self.lanes.convert(value, char) for value in self.broadcast(arg, shape)])
        return [how.rule(self.lanes, *row) for row in zip(*columns)]

    def call(self, ufunc: np.ufunc, x: Value, y: Value) -> Value:
        return find_operation(ufunc, x.char + y.char)(self.lanes, x, y)


def guard(scalars: Scalars, step: Node) -> list[Value]:
    """Python's use of a truth, which has to be what it was."""
    truth = scalars.lanes.convert(scalars.numbers(step.args[0])[0], "?")
    scalars.expected.append(truth if step.value else find_operation(np.logical_not, "?")(scalars.lanes, truth))
    return []


def is_guard(step: Node) -> bool:
    """Whether a guard is one that regions check."""
    return step.function is bool and type(step.args[0]) is Node and is_few(step.args[0]) and step.args[0].spec.size == 1


def indices(x: Any) -> np.ndarray:
    """The places of the elements, in their shape."""
    spec = spec_at(x)
    return np.arange(spec.size).reshape(spec.shape)


def moves(change: Callable[[np.ndarray, tuple], Any]) -> Rule:
    def rule(scalars: Scalars, step: Node) -> list[Value]:
        numbers = scalars.numbers(step.args[0])
        return [numbers[i] for i in np.ravel(change(indices(step.args[0]), step.args[1:]))]

    return rule


def join(function: Callable) -> Rule:
    def rule(scalars: Scalars, step: Node) -> list[Value]:
        items, *rest = step.args
        numbers: list[Value] = []
        places = []
        char = step.spec.dtype.char
        for item in items:
            found = [scalars.lanes.convert(value, char) for value in scalars.numbers(item)]
            if is_number(item):
                found = list(map(scalars.lanes.opaque, found))
            places.append(np.arange(len(numbers), len(numbers) + len(found)).reshape(spec_at(item).shape))
            numbers += found
        return [numbers[i] for i in np.ravel(function(places, *rest))]

    return rule


def reduce(ufunc: np.ufunc) -> Rule:
    """A sum as NumPy adds fewer than eight numbers up: one after the other, beginning with 0."""

    def rule(scalars: Scalars, step: Node) -> list[Value]:
        x, axis = step.args[:2]
        numbers = scalars.numbers(x)
        places = indices(x)
        axes = tuple(range(places.ndim)) if axis is None else tuple(
            [each % max(places.ndim, 1) for each in (axis if type(axis) is tuple else (axis,))])
        if not places.ndim:
            axes = ()
        kept = [i for i in range(places.ndim) if i not in axes]
        rows = places.transpose([*kept, *axes]).reshape([places.shape[i] for i in kept] + [-1])
        found = []
        for row in rows.reshape(-1, rows.shape[-1]):
            picked = [scalars.lanes.convert(numbers[i], step.spec.dtype.char) for i in row]
            if ufunc is np.add and picked[0].char in "fd":
                picked.insert(0, scalars.lanes.const(0, picked[0].char))
            total = picked[0]
            for each in picked[1:]:
                total = scalars.call(ufunc, total, each)
            found.append(total)
        return found

    return rule


def product(scalars: Scalars, step: Node) -> list[Value]:
    """A product of matrices or vectors, row by column."""
    x, y = step.args[:2]
    char = step.spec.dtype.char
    first, second = (np.array([scalars.lanes.convert(each, char) for each in scalars.numbers(arg)] + [None],
                              dtype=object)[:-1] for arg in (x, y))
    rows, columns = indices(x), indices(y)
    if rows.ndim == 1:
        rows = rows[None]
    columns = columns[:, None] if columns.ndim == 1 else columns
    found = []
    for row in rows:
        for column in columns.T:
            terms = [scalars.call(np.multiply, first[i], second[j]) for i, j in zip(row, column)]
            total = terms.pop() if multiplies_by_one_number(step) else scalars.lanes.const(0, char)
            for term in terms:
                total = scalars.call(np.add, total, term)
            found.append(total)
    return found


def is_plain_product(step: Node) -> bool:
    return (len(step.args) == 2 and step.spec.dtype is not None and step.spec.dtype.char in "fd"
            and all(1 <= spec_at(arg).ndim <= 2 for arg in step.args) and spec_at(step.args[0]).size > 0)


def is_plain_reduction(step: Node) -> bool:
    spec = spec_at(step.args[0])
    return (step.spec.dtype is not None and step.spec.dtype.char in "fd" and spec.dtype == step.spec.dtype
            and spec.size > 0 and all(arg is None for arg in step.args[2:4]))


def is_plain_index(step: Node) -> bool:
    return calls.is_basic(step.args[1]) and spec_at(step.args[0]).dtype is not None


def is_join(step: Node) -> bool:
    return type(step.args[0]) in (list, tuple) and step.spec.dtype is not None


RULES: dict[Callable, Rule] = {
    calls.getitem: moves(lambda places, args: places[args[0]]),
    calls.reshape: moves(lambda places, args: places.reshape(args[0])),
    calls.transpose: moves(lambda places, args: places.transpose(args[0])),
    np.reshape: moves(lambda places, args: places.reshape(args[0])),
    np.broadcast_to: moves(lambda places, args: np.broadcast_to(places, args[0])),
    np.diagonal: moves(lambda places, args: places.diagonal(*args)),
    np.array: join(np.array),
    np.stack: join(np.stack),
    np.concatenate: join(np.concatenate),
    np.dot: product,
    np.matmul: product,
    calls.ADD_REDUCE: reduce(np.add),
    calls.MAXIMUM_REDUCE: reduce(np.maximum),
    calls.MINIMUM_REDUCE: reduce(np.minimum),
}

RULE_HOLDS: dict[Callable, Callable[[Node], bool]] = {
    np.reshape: lambda step: len(step.args) == 2 and not spec_at(step.args[0]).is_array,
    calls.getitem: is_plain_index, np.array: is_join, np.stack: is_join, np.concatenate: is_join,
    np.dot: is_plain_product, np.matmul: is_plain_product, calls.ADD_REDUCE: is_plain_reduction,
    calls.MAXIMUM_REDUCE: is_plain_reduction, calls.MINIMUM_REDUCE: is_plain_reduction,
}
