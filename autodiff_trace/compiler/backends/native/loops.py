"""Loops: the step of a loop as records that are run again and again, with bases that move from turn to turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir.loop import sum_turns
from ...ir.node import Node, Program, literal, spec_at
from ...ir.spec import Spec
from .alone import add_ufunc, alone
from .code import At, Mover, Repeat
from .places import Place, place_of

if TYPE_CHECKING:
    from .translate import Translator

__all__ = ["can_repeat", "list_place", "repeat"]


def can_repeat(step: Node, accepts: Callable[[Node], bool]) -> bool:
    """Whether the steps of a loop's body can be part of a region, and what is carried has one layout in all turns."""
    loop = step.function
    body = loop.body
    if not all(type(arg) is Node for arg in step.args[loop.carried:loop.carried + loop.own]):
        return False
    if not all(type(arg) is Node or is_layout(node.spec, spec_at(arg)) for node, arg in zip(body.inputs, step.args)):
        return False
    if not all(is_layout(node.spec, spec_at(each)) for node, each in zip(body.inputs[:loop.carried], body.outputs)):
        return False
    return all(each.kind == "call" and accepts(each) for each in body.steps)


def is_layout(spec: Spec, other: Spec) -> bool:
    return spec.shape == other.shape and dtype_of(spec) == dtype_of(other) and not spec.items


def dtype_of(spec: Spec) -> np.dtype:
    return spec.dtype if spec.dtype is not None else np.dtype(spec.kind)


def as_node(value: Any) -> Node:
    """A value as a node: of a number a constant."""
    return value if type(value) is Node else literal(value)


def with_nodes(body: Program) -> Program:
    """A body whose outputs are nodes."""
    return Program(body.inputs, body.steps, list(map(as_node, body.outputs)))


def list_place(spec: Spec, turns: int) -> Place:
    """A place for so many values, one after the other."""
    place = place_of(spec, At(0))
    return place.insert(0, turns, max(place.size, 1) * place.dtype.itemsize)


def repeat(translator: Translator, step: Node) -> None:
    """The records of a loop. What is carried is in memory of its own, and copied there at the end of a turn if the
    body cannot write it there."""
    loop, shared = step.function, translator.shared
    body, own_end = with_nodes(loop.body), loop.carried + loop.own
    args = list(map(as_node, step.args))
    translator.allocate_lists(step)
    movers: list[Mover] = []

    def moving(place: Place) -> Place:
        """The value of one turn of a list."""
        slot = shared.new_moving()
        movers.append(Mover(slot, place.at, place.strides[0]))
        return place._replace(at=At(slot), shape=place.shape[1:], strides=place.strides[1:])

    places: dict[Node, Place] = {}
    carried: list[Place] = []
    taken = []
    for node, arg in zip(body.inputs, args[:loop.carried]):
        place, block = translator.take(place_of(node.spec, At(0)))
        taken.append(block)
        translator.copy(translator.place(arg), place)
        places[node] = place
        carried.append(place)
    for node, arg in zip(body.inputs[loop.carried:own_end], args[loop.carried:own_end]):
        places[node] = moving(translator.place(arg))
    for node, arg in zip(body.inputs[own_end:], args[own_end:]):
        places[node] = translator.place(arg)
    targets: list[tuple[Node, Place]] = []
    for each in translator.results(step):
        output = body.outputs[loop.carried + each.args[1]]
        if each.spec.items:
            targets.append((output, moving(translator.place(each))))
        else:
            targets.append((output, translator.allocate(each)))
    inner = type(translator)(shared, body, places, targets)
    inner.slots = set(body.inputs[:loop.carried])
    records = inner.run_turn(list(zip(body.outputs, carried)))
    translator.records.append(Repeat(loop.turns, tuple(records), tuple(movers)))
    for block in taken:
        shared.scratch.give_back(*block)


@alone(sum_turns, when=lambda step: step.spec.dtype is not None and step.spec.dtype.char in "fdFD")
def add_up(translator: Translator, step: Node) -> None:
    """The sum of all turns, one after the other."""
    x, total = translator.place(step.args[0]), translator.allocate(step)
    translator.copy(x.index(0), total)
    rest = x.index(slice(1, None))
    if rest.size:
        one = total.insert(0, rest.shape[0], 0)
        char = x.dtype.char
        places = [each.insert(len(each.shape)) for each in (one, rest, one)]
        add_ufunc(translator, "add", f"{char}{char}->{char}", places, places[0].shape)
