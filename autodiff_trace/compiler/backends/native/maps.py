"""Maps: loops whose turns do not wait for one another, as nests of loops: many turns at a time, in vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...ir.node import Node
from .elementwise import Elementwise
from .nest import Nest
from .nest_loops import fits
from .operands import char_of, item_spec
from .places import Place

if TYPE_CHECKING:
    from .translate import Translator

__all__ = ["find_map", "write_map"]

FEWEST = 16
"""Turns from which on vectors pay."""

Rules = list[tuple[Node, Elementwise]]


def find_map(step: Node, elementwise: Callable[[Node], Any]) -> Rules | None:
    """How the steps of a loop's body are computed, for all turns at once; None if one turn reads what another gives, or
    does something that is not elementwise."""
    loop = step.function
    body = loop.body
    if loop.carried or loop.turns < FEWEST or not all(type(each) is Node for each in (*step.args, *body.outputs)):
        return None
    shapes = {each.spec.shape for each in body.outputs}
    if len(shapes) != 1:
        return None
    shape = shapes.pop()
    specs = [item_spec(arg.spec) for arg in step.args[:loop.own]] + [arg.spec for arg in step.args[loop.own:]]
    if any(each.items or not fits(each.shape, shape) for each in (*specs, *[each.spec for each in body.steps])):
        return None
    rules = [(each, elementwise(each)) for each in body.steps if each.kind == "call"]
    if len(rules) < len(body.steps) or any(type(how) is not Elementwise for _, how in rules):
        return None
    return rules


def write_map(translator: Translator, step: Node, rules: Rules) -> None:
    """The nest of all turns. Of what is kept of the last turn alone there is a list for a while, too."""
    loop = step.function
    body, turns = loop.body, loop.turns
    shape = (turns, *body.outputs[0].spec.shape)
    own = {node: translator.place(arg) for node, arg in zip(body.inputs, step.args[:loop.own])}
    rest = dict(zip(body.inputs[loop.own:], step.args[loop.own:]))

    def place(arg: Node) -> Place:
        if arg not in own:
            return translator.place(rest.get(arg, arg))
        found = own[arg]
        while len(found.shape) < len(shape):
            found = found.insert(1)
        return found

    translator.allocate_lists(step)
    rules = list(rules)
    outputs: dict[Node, Place] = {}
    last: list[tuple[Node, Place]] = []
    for each in translator.results(step):
        source = body.outputs[each.args[1]]
        char = char_of(source.spec)
        node = Node(None, (), {}, source.spec, source.name, "call")  # one value may be kept in several places
        rules.append((node, Elementwise((source,), char, lambda lanes, x: x)))
        if each.spec.items:
            outputs[node] = translator.place(each)
        else:
            outputs[node] = translator.temporary(shape, translator.allocate(each).dtype)
            last.append((each, outputs[node]))
    translator.call(Nest(shape, rules, place, outputs).write())
    for each, found in last:
        translator.copy(found.index(turns - 1), translator.place(each))
