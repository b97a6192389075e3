"""Bodies: the step of a loop from a repeated stretch of a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..ir.loop import Loop, list_of, read_each, turn_of
from ..ir.node import Node, Program, literal, spec_at, value_of
from ..ir.spec import Spec
from .turns import Column, Stretch

if TYPE_CHECKING:
    from .rolling import Rolling

__all__ = ["Body"]


class Body:
    """Makes one loop."""

    def __init__(self, rolling: Rolling, stretch: Stretch) -> None:
        self.rolling = rolling
        self.stretch = stretch
        first = stretch.start
        self.originals = rolling.program.steps[first:first + stretch.period]
        self.leaves = rolling.places.leaves[first:first + stretch.period]
        self.values: list[Any] = [None] * stretch.period  # what stands for the step of each slot in the body
        self.steps: list[Node] = []
        self.carried: dict[Any, tuple[Node, Any, Any]] = {}  # input, initial value, slot or input that is carried on
        self.own: dict[Any, tuple[Node, Any]] = {}
        self.same: dict[Any, Node] = {}

    def make(self) -> None:
        stretch = self.stretch
        for slot, step in enumerate(self.originals):
            if slot in stretch.hoisted:
                self.values[slot] = self.hoist(step)
            elif slot in stretch.read:
                self.values[slot] = self.read(slot, step)
            else:
                leaves = iter([self.argument(column, step_leaf) for column, step_leaf in zip(
                    stretch.columns[slot], self.leaves[slot])])
                args, kwargs = refill(step.args, leaves), step.kwargs
                if kwargs:
                    kwargs = dict(zip(kwargs, refill(tuple(kwargs.values()), leaves)))
                new = step.with_args(args, kwargs)
                if step.kind == "guard":
                    new.out = step.out, self.turn(slot, 1).out - step.out
                self.values[slot] = new
                self.steps.append(new)
        self.finish()

    def hoist(self, step: Node) -> Node:
        """A step that is the same in all turns, before the loop."""
        moved = step.relabelled(self.rolling.new)
        if moved is not step:
            self.rolling.new[step] = moved
        self.rolling.steps.append(moved)
        for each in self.turns_of_slot(self.rolling.places.places[step] - self.stretch.start):
            self.rolling.new[each] = moved
        return moved

    def turn(self, slot: int, turn: int) -> Node:
        """The step that a slot has in a turn."""
        return self.rolling.program.steps[self.stretch.start + slot + turn * self.stretch.period]

    def turns_of_slot(self, slot: int) -> Iterator[Node]:
        stretch = self.stretch
        return iter(self.rolling.program.steps[stretch.start + slot:stretch.stop:stretch.period])

    def read(self, slot: int, step: Node) -> Node:
        key = "read", *[tuple(column.leaves) for column in self.stretch.columns[slot]]
        if key in self.own:
            return self.own[key][0]
        indices = tuple([each.args[1] for each in self.turns_of_slot(slot)])
        x = self.rolling.outside(self.stretch.columns[slot][0].leaves[0])
        rows = self.rolling.add(read_each, (x, literal(indices)), list_of(step.spec))
        return self.own_input(key, rows, step.spec)

    def own_input(self, key: Any, values: Any, spec: Spec) -> Node:
        if key not in self.own:
            self.own[key] = Node(None, (), {}, spec, "own", "input"), values
        return self.own[key][0]

    def same_input(self, arg: Any) -> Any:
        """Something that is the same in all turns, in the body."""
        if type(arg) is not Node or arg.kind == "constant":
            return arg
        if arg not in self.same:
            self.same[arg] = Node(None, (), {}, arg.spec, "same", "input")
        return self.same[arg]

    def argument(self, column: Column, leaf: Any) -> Any:
        """An argument in the body."""
        rolling = self.rolling
        if column.kind == "same":
            return self.same_input(rolling.outside(column.leaves[0]))
        if column.kind == "local":
            value = self.values[column.slot]
            return self.same_input(value) if column.slot in self.stretch.hoisted else value
        if column.kind == "carried":
            return self.carried_input(column)
        spec = spec_at(leaf)
        if column.kind == "each":
            key = "each", column.source, column.slot, column.turns
            if key not in self.own:
                if column.slot in column.source.hoisted:
                    return self.same_input(rolling.new[rolling.program.steps[column.source.start + column.slot]])
                values = rolling.turns(column.source, column.slot, column.turns)
                self.own_input(key, values, spec)
            return self.own[key][0]
        key = column.kind, tuple(column.leaves)
        if key not in self.own:
            leaves = [rolling.outside(code) for code in column.leaves]
            self.own_input(key, leaves if column.kind == "nodes" else literal(tuple(map(value_of, leaves))), spec)
        return self.own[key][0]

    def carried_input(self, column: Column) -> Node:
        """What a step gave some turns before: it is handed on from one turn to the next as often."""
        before: Any = column.slot
        for lag in range(1, column.lag + 1):
            codes = tuple(column.leaves[column.lag - lag:])
            if (column.slot, codes) not in self.carried:
                new = Node(None, (), {}, self.originals[column.slot].spec, "carried", "input")
                self.carried[column.slot, codes] = new, self.rolling.outside(codes[0]), before
            before = self.carried[column.slot, codes][0]
        return before

    def finish(self) -> None:
        rolling, stretch = self.rolling, self.stretch
        carried, own = list(self.carried.values()), list(self.own.values())
        onward = [each if type(each) is Node else self.in_body(each) for _, _, each in carried]
        kept, last = list(stretch.kept), list(stretch.last)
        outputs = [*onward, *map(self.in_body, kept), *map(self.in_body, last)]
        inputs = [*[each[0] for each in (*carried, *own)], *self.same.values()]
        loop = Loop(stretch.turns, Program(inputs, self.steps, outputs), len(carried), len(own), len(kept))
        args = (*[init for _, init, _ in carried], *[values for _, values in own], *self.same)
        node, *results = loop.steps(args)
        rolling.steps += [node, *results]
        rolling.lists.update({(stretch, slot): each for slot, each in zip(kept, results)})
        last_values = dict(zip(last, results[len(kept):]))
        for place in rolling.needed[stretch]:
            turn, slot = divmod(place - stretch.start, stretch.period)
            if slot in stretch.hoisted:
                continue
            step = rolling.program.steps[place]
            if turn == stretch.turns - 1:
                rolling.new[step] = last_values[slot]
            else:
                rolling.new[step] = rolling.add(turn_of, (rolling.lists[stretch, slot], turn), step.spec)

    def in_body(self, slot: int) -> Any:
        value = self.values[slot]
        return self.same_input(value) if slot in self.stretch.hoisted else value


def refill(args: Any, leaves: Iterator) -> Any:
    """Arguments with other leaves, in their order."""
    result: list = []
    for arg in args:
        kind = type(arg)
        if kind is tuple or kind is list:
            result.append(refill(arg, leaves))
        elif kind is slice:
            result.append(slice(*[next(leaves) for _ in range(3)]))
        else:
            result.append(next(leaves))
    return tuple(result) if type(args) is not list else result
