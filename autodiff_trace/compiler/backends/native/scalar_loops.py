"""Loops of scalars: loops whose values are numbers in registers from turn to turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...ir.node import Node, spec_at
from .access import load_one, store
from .counting import write_loop
from .operands import char_of, is_few, is_few_of, item_spec
from .places import Place
from .registers import Value

if TYPE_CHECKING:
    from .scalars import Scalars

__all__ = ["is_scalar_loop", "loop_rule", "result_rule"]

MOST = 200
"""Numbers that are carried: more do not stay in registers."""


def is_scalar_loop(step: Node, rule: Callable[[Node], Any]) -> bool:
    """Whether the body of a loop is of steps with a rule of scalars, and all that it has of few numbers."""
    loop = step.function
    body, own_end = loop.body, loop.carried + loop.own
    if not all(type(arg) is Node for arg in step.args[loop.carried:own_end]):
        return False
    if not all(is_few(each) and char_of(spec_at(each)) not in "FD" for each in (*body.inputs, *body.outputs)):
        return False
    if not all(is_few(arg) for arg in (*step.args[:loop.carried], *step.args[own_end:])):
        return False
    if not all(is_few_of(item_spec(arg.spec)) for arg in step.args[loop.carried:own_end]):
        return False
    if sum(each.spec.size for each in body.inputs) > MOST:
        return False
    for before, after in zip(body.inputs[:loop.carried], body.outputs):
        if before.spec.shape != spec_at(after).shape or char_of(before.spec) != char_of(spec_at(after)):
            return False
    return all(each.kind == "call" and rule(each) is not None for each in body.steps)


def loop_rule(scalars: Scalars, step: Node) -> list[Value]:
    """Write the loop. Its results are in memory (lists), or values of the last turn."""
    loop, lanes, lines = step.function, scalars.lanes, scalars.lines
    body, own_end = loop.body, loop.carried + loop.own
    firsts: list[Value] = []
    for node, arg in zip(body.inputs, step.args[:loop.carried]):
        firsts += [lanes.convert(each, char_of(node.spec)) for each in scalars.broadcast(arg, node.spec.shape)]
    for node, arg in zip(body.inputs[own_end:], step.args[own_end:]):
        scalars.values[node] = scalars.numbers(arg)
    rows = [scalars.place(arg) for arg in step.args[loop.carried:own_end]]
    addresses = list(map(scalars.parameter, rows))
    kept: list[tuple[Node, Place, str]] = []
    for each in scalars.results(step):
        if each.spec.items:
            place = scalars.place(each)
            kept.append((body.outputs[loop.carried + each.args[1]], place, scalars.parameter(place)))

    def turn(i: str, *names: str) -> list[str]:
        values = [Value(name, first.char) for name, first in zip(names, firsts)]
        for node in body.inputs[:loop.carried]:
            scalars.values[node], values = values[:node.spec.size], values[node.spec.size:]
        for node, place, address in zip(body.inputs[loop.carried:own_end], rows, addresses):
            start, row = turned(address, place, i), place.index(0)
            scalars.values[node] = [
                load_one(lanes, scalars.moved(start, offset), place.dtype.char) for offset in row.elements()]
        for each in body.steps:
            scalars.compute(each)
        for node, place, address in kept:
            start, row = turned(address, place, i), place.index(0)
            for value, offset in zip(scalars.numbers(node), row.elements()):
                store(lanes, lanes.convert(value, place.dtype.char), scalars.moved(start, offset), 0)
        pairs = zip(body.inputs[:loop.carried], body.outputs)
        new = [lanes.convert(value, char_of(node.spec)) for node, output in pairs
               for value in scalars.broadcast(output, node.spec.shape)]
        return [value.name for value in new]

    def turned(address: str, place: Place, i: str) -> str:
        distance = lines.emit(f"mul i64 {i}, {place.strides[0]}")
        return lines.emit(f"getelementptr i8, ptr {address}, i64 {distance}")

    write_loop(lines, "0", str(loop.turns), 1, turn, [(lanes.type(each.char), each.name) for each in firsts])
    return []


def result_rule(scalars: Scalars, step: Node) -> list[Value]:
    """A value of the last turn."""
    loop = step.args[0].function
    return scalars.numbers(loop.body.outputs[loop.carried + step.args[1]])
