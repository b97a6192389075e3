"""Loops: the step of a loop as records that are run again and again, with bases that move from turn to turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...ir.loop import Loop, sum_turns
from ...ir.node import Node, Program, literal, spec_at
from ...ir.spec import Spec
from ..numpy_source import calls
from .alone import add_ufunc, alone
from .code import At, Mover, Record, Repeat
from .operands import dtype_of
from .places import Place, place_of
from .records import merge_flags

if TYPE_CHECKING:
    from .translate import Translator

__all__ = ["can_repeat", "list_place", "repeat"]


FEWEST_BYTES, MOST_DOUBLED = 512, 100
"""Of what is carried, and steps of a body, where its turns are written twice."""


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


def alternates(loop: Loop) -> bool:
    """Whether what is carried goes to and fro between two memories, so that no turn has to copy it: the records of two
    turns then stand there."""
    body = loop.body
    if loop.turns < 4 or len(body.steps) > MOST_DOUBLED:
        return False
    if any(type(each.function) is Loop or each.function is calls.assign for each in body.steps):
        return False  # what is written into stays where it is
    return sum([each.spec.nbytes for each in body.inputs[:loop.carried]]) >= FEWEST_BYTES


def repeat(translator: Translator, step: Node) -> None:
    """The records of a loop. What is carried is in memory of its own; a turn writes it into another, which the next one
    reads, or if there is none copies it there at its end."""
    loop, shared = step.function, translator.shared
    body, own_end = with_nodes(loop.body), loop.carried + loop.own
    args = list(map(as_node, step.args))
    inputs, carried = body.inputs[:loop.carried], body.outputs[:loop.carried]
    translator.allocate_lists(step)
    blocks: list[tuple[int, int]] = []

    def take(node: Node) -> Place:
        place, block = translator.take(place_of(node.spec, At(0)))
        blocks.append(block)
        return place

    memories = [list(map(take, inputs)) for _ in range(1 + alternates(loop))]
    for arg, place in zip(args, memories[0]):
        translator.copy(translator.place(arg), place)
    results = [(body.outputs[loop.carried + each.args[1]], each) for each in translator.results(step)]
    lists = [translator.place(arg) for arg in args[loop.carried:own_end]]
    lists += [translator.place(each) for _, each in results if each.spec.items]
    kept = [output for output, each in results if each.spec.items]
    last = [(output, translator.allocate(each)) for output, each in results
            if not each.spec.items and output not in carried]

    def turn(k: int, rows: list[Place]) -> list[Record]:
        """The records of a turn that reads the memory ``k``."""
        source, end = memories[k % len(memories)], memories[(k + 1) % len(memories)]
        places = dict(zip(body.inputs, [*source, *rows[:loop.own], *map(translator.place, args[own_end:])]))
        targets = [*zip(kept, rows[loop.own:]), *last]
        copied = []
        for node, output, place in zip(inputs, carried, end):
            can_write = source is not end and output.spec == node.spec
            (targets if can_write else copied).append((output, place))
        inner = type(translator)(shared, body, places, targets)
        inner.slots = set(inputs)
        return inner.run_turn(copied)

    slots = [shared.new_moving() for _ in lists]
    movers, records = [], []
    for slot, place in zip(slots, lists):
        movers.append(Mover(slot, place.at, len(memories) * place.strides[0]))
    for k in range(len(memories)):
        records += turn(k, [
            place.index(0)._replace(at=At(slot, k * place.strides[0])) for slot, place in zip(slots, lists)])
    translator.records.append(Repeat(loop.turns // len(memories), tuple(merge_flags(records)), tuple(movers)))
    if loop.turns % len(memories):
        translator.records += turn(0, [place.index(loop.turns - 1) for place in lists])
    for output, each in results:
        if not each.spec.items and output in carried:
            place = memories[loop.turns % len(memories)][carried.index(output)]
            translator.copy(place, translator.allocate(each))
    for block in blocks:
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
