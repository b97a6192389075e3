"""Loops in nests: loops whose turns are elementwise, run turn by turn for one vector of elements after another, with
all that is carried in registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ...ir.node import Node
from .access import load, store
from .counting import write_loop
from .elementwise import Elementwise
from .operands import char_of, item_spec
from .places import Place
from .registers import Value

if TYPE_CHECKING:
    from .nest import Nest

__all__ = ["LastTurn", "NestLoop", "find_nest_loop", "loop_shape"]

MOST = 16
"""Vectors that are carried: more do not stay in registers."""


class Row(NamedTuple):
    """What a loop reads or keeps of each turn: the place of that of the first, and the bytes to the next."""

    node: Node
    place: Place
    stride: int


class NestLoop(NamedTuple):
    """A loop as a step of a nest, with how each step of its body is computed."""

    step: Node
    rules: tuple[tuple[Node, Elementwise], ...]

    @property
    def operands(self) -> tuple:
        """Values from outside, the same for all turns."""
        loop, args = self.step.function, self.step.args
        inside = {node for node, _ in self.rules} | set(loop.body.inputs)
        free = [arg for _, how in self.rules for arg in how.operands if type(arg) is Node and arg not in inside]
        return (*args[:loop.carried], *args[loop.carried + loop.own:], *free)

    @property
    def chars(self) -> str:
        return "".join([how.chars for _, how in self.rules])

    def rows(self, place: Callable[[Any], Place], results: list[Node]) -> list[Row]:
        """What each turn has of its own, and then what is kept of each, as ``results`` say."""
        loop, args = self.step.function, self.step.args
        own_end = loop.carried + loop.own
        found = [Row(node, *first_of(place(arg)))
                 for node, arg in zip(loop.body.inputs[loop.carried:own_end], args[loop.carried:own_end])]
        return found + [Row(each, *first_of(place(each))) for each in results if each.spec.items]

    def write(self, nest: Nest, values: dict[Node, Any], address: Callable[[Row], tuple[str, int]], rows: list[Row],
              mask: str | None) -> None:
        """Write the turns for one vector. ``address`` gives that of a row for the vector, and how it moves."""
        loop, lanes, lines = self.step.function, nest.lanes, nest.lines
        body = loop.body
        carried = body.inputs[:loop.carried]
        firsts = [lanes.convert(nest.value(arg, values, char_of(node.spec)), char_of(node.spec))
                  for node, arg in zip(carried, self.step.args)]
        inner = dict(values)
        for node, arg in zip(body.inputs[loop.carried + loop.own:], self.step.args[loop.carried + loop.own:]):
            inner[node] = nest.value(arg, values, char_of(node.spec))
        places = [address(row) for row in rows]

        def turn(t: str, *names: str) -> list[str]:
            inner.update(zip(carried, [Value(name, first.char) for name, first in zip(names, firsts)]))
            for row, (start, stride) in zip(rows[:loop.own], places):
                inner[row.node] = load(lanes, turned(start, row, t), stride, row.place.dtype.char, mask)
            for node, how in self.rules:
                inner[node] = nest.compute(how, inner)
            for row, (start, stride) in zip(rows[loop.own:], places[loop.own:]):
                value = nest.value(body.outputs[loop.carried + row.node.args[1]], inner, row.place.dtype.char)
                store(lanes, lanes.convert(value, row.place.dtype.char), turned(start, row, t), stride, mask)
            return [lanes.convert(nest.value(output, inner, char_of(node.spec)), char_of(node.spec)).name
                    for node, output in zip(carried, body.outputs)]

        def turned(start: str, row: Row, t: str) -> str:
            distance = lines.emit(f"mul i64 {t}, {row.stride}")
            return lines.emit(f"getelementptr i8, ptr {start}, i64 {distance}")

        write_loop(lines, "0", str(loop.turns), 1, turn, [(lanes.type(each.char), each.name) for each in firsts])
        values[self.step] = inner


class LastTurn(NamedTuple):
    """What a loop in a nest gives of its last turn."""

    step: Node

    operands: tuple = ()
    chars: str = ""

    def find(self, nest: Nest, values: dict[Node, Any]) -> Value:
        loop = self.step.args[0].function
        output = loop.body.outputs[loop.carried + self.step.args[1]]
        return nest.value(output, values[self.step.args[0]], char_of(self.step.spec))


def first_of(place: Place) -> tuple[Place, int]:
    """The place of the first turn's value of a list, and the bytes to the next."""
    return place.index(0), place.strides[0]


def loop_shape(step: Node) -> tuple[int, ...] | None:
    """The shape of all that a loop carries and keeps; None if there are several."""
    shapes = {each.spec.shape for each in step.function.body.outputs}
    return shapes.pop() if len(shapes) == 1 else None


def fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether an array of a shape can be broadcast to another."""
    return len(shape) <= len(whole) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(whole)))


def find_nest_loop(step: Node, elementwise: Callable[[Node], Elementwise | None]) -> NestLoop | None:
    """The loop as a step of a nest; None if its turns are not elementwise."""
    loop = step.function
    body, own_end = loop.body, loop.carried + loop.own
    if not all(type(each) is Node for each in (*step.args, *body.outputs)) or loop.carried > MOST:
        return None
    shape = loop_shape(step)
    if not shape:
        return None
    if any(each.spec.shape != shape or char_of(each.spec) in "FD" or not each.spec.is_array
           for each in (*body.inputs[:loop.carried], *body.outputs)):
        return None
    for before, after, arg in zip(body.inputs[:loop.carried], body.outputs, step.args):
        if char_of(before.spec) != char_of(after.spec) or arg.spec.shape != shape:
            return None
    specs = [item_spec(arg.spec) for arg in step.args[loop.carried:own_end]] + [arg.spec for arg in step.args[own_end:]]
    if any(each.items or not fits(each.shape, shape) for each in specs):
        return None
    if any(each.kind != "call" for each in body.steps):
        return None
    rules = [(each, elementwise(each)) for each in body.steps]
    if any(how is None or each.spec.shape != shape for each, how in rules):
        return None
    return NestLoop(step, tuple(rules))
