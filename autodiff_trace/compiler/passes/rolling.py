"""Rolling: a recorded loop becomes one step, whose body is the program of one turn.

What follows, the passes and Python's compiler, then takes the time of one turn, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..loop import Loop, read_each, result, turn_of, turns_of
from ..node import Node, Program, literal, operands, relabel, value_of
from .repeats import find_repeats, list_calls
from .turns import Column, Places, Stretch, describe_turns

__all__ = ["roll"]

FEWEST_STEPS = 200
"""Steps of a program, and of all turns of a loop, from which rolling pays."""

FEWEST_TURNS = 8

SHORT = 48
"""Steps of a body that is so short that several turns are made one: a turn takes some time of its own."""

LONG = 100_000
"""Steps of a loop that is rolled though other passes could make fewer calls of all turns together."""

PEELED = 2
"""Turns at either end that may differ from the others."""

VIEWS = {"getitem", "reshape", "transpose", "swapaxes", "expand_dims", "squeeze", "broadcast_to", "moveaxis", "ravel"}


def roll(program: Program) -> Program:
    """The program with its loops as steps; itself if there are none."""
    if len(program.steps) < FEWEST_STEPS:
        return program
    numbers, leaves = list_calls(program)
    places = None
    stretches: list[Stretch] = []
    for start, period, turns in find_repeats(numbers):
        if turns >= FEWEST_TURNS and period * turns >= FEWEST_STEPS:
            several = max(1, min(SHORT // period, turns // (FEWEST_TURNS + 2 * PEELED)))
            period, turns = period * several, turns // several
            places = places or Places(program.steps, leaves)
            stretch = find_stretch(places, start, period, turns, stretches)
            if stretch is not None:
                stretches.append(stretch)
    if not stretches:
        return program
    return Rolling(program, places, stretches).run()


def find_stretch(places: Places, start: int, period: int, turns: int, before: list[Stretch]) -> Stretch | None:
    """The turns that do the same, as many as possible; None if they are few, or had better stay as they are."""
    matrix = places.matrix(start, period, turns)
    best, least = None, np.inf
    for head, tail in sorted(np.ndindex(PEELED + 1, PEELED + 1), key=sum):
        left = turns - head - tail
        if left < FEWEST_TURNS or (head + tail) * period >= least:
            continue
        part = [[column[head:turns - tail] for column in columns] for columns in matrix]
        stretch = describe_turns(places, part, start + head * period, left, before)
        if stretch is not None:
            lists = {tuple(column.leaves) for columns in stretch.columns for column in columns if column.kind == "nodes"}
            cost = (head + tail) * period + len(lists) * left
            if cost < least:
                best, least = stretch, cost
    if best is None or best.period * best.turns < FEWEST_STEPS or least > 0.5 * period * turns:
        return None
    return best if period * turns >= LONG or not has_wide_calls(best, places) else None


def has_wide_calls(stretch: Stretch, places: Places) -> bool:
    """Whether there are calls on arrays that do not wait for those of other turns: passes make one of all of them."""
    steps = places.steps[stretch.start:stretch.start + stretch.period]
    columns = stretch.columns
    users: dict[int, int] = {}
    for each in columns:
        for column in each:
            if column.kind in ("local", "carried"):
                users[column.slot] = users.get(column.slot, 0) + 1
    sums = {
        slot for slot, each in enumerate(columns) if steps[slot].name == "add" and users.get(slot) == 1
        and any(column.kind == "carried" and column.slot == slot for column in each)
    }
    after: set[int] = set()  # what waits for the turn before
    while True:
        count = len(after)
        for slot, each in enumerate(columns):
            if slot not in sums and any(
                column.kind == "carried" and column.slot not in sums or column.slot in after for column in each
                if column.kind in ("local", "carried")
            ):
                after.add(slot)
        if len(after) == count:
            break
    ahead = {column.slot for slot, each in enumerate(columns) if slot not in sums
             for column in each if column.kind == "carried"}
    while True:
        count = len(ahead)
        ahead |= {column.slot for slot in ahead for column in columns[slot] if column.kind in ("local", "carried")}
        if len(ahead) == count:
            break
    return any(
        type(step.value) is np.ndarray and step.value.size > 1 and step.name not in VIEWS
        for slot, step in enumerate(steps)
        if slot not in stretch.hoisted and slot not in stretch.read and slot not in after & ahead
    )


class Rolling:
    """Makes the new program."""

    def __init__(self, program: Program, places: Places, stretches: list[Stretch]) -> None:
        self.program = program
        self.places = places
        self.stretches = stretches
        self.steps: list[Node] = []
        self.new: dict[Node, Node] = {}
        self.lists: dict[tuple[Stretch, int], Node] = {}
        self.made: dict[Any, Node] = {}

    def run(self) -> Program:
        self.note_needs()
        place = 0
        for stretch in self.stretches:
            self.copy(place, stretch.start)
            self.make_loop(stretch)
            place = stretch.stop
        self.copy(place, len(self.program.steps))
        return Program(self.program.inputs, self.steps, relabel(self.program.outputs, self.new))

    def copy(self, start: int, stop: int) -> None:
        for step in self.program.steps[start:stop]:
            moved = step.relabelled(self.new)
            if moved is not step:
                self.new[step] = moved
            self.steps.append(moved)

    def note_needs(self) -> None:
        """Note which values of loops are needed outside them."""
        self.needed: dict[Stretch, dict[int, None]] = {stretch: {} for stretch in self.stretches}
        place = 0
        for stretch in self.stretches:
            self.need(self.places.places.get(each) for step in self.program.steps[place:stretch.start]
                      for each in operands(step))
            place = stretch.stop
            for columns in stretch.columns:
                for column in columns:
                    if column.kind == "each":
                        if column.slot not in column.source.hoisted:
                            column.source.kept[column.slot] = None
                    else:
                        self.need(column.leaves)
        self.need(self.places.places.get(each) for step in self.program.steps[place:] for each in operands(step))
        self.need(self.places.places.get(each) for each in self.program.outputs if type(each) is Node)

    def need(self, codes: Any) -> None:
        for code in codes:
            if code is None or code < 0:
                continue
            stretch = self.stretch_at(code)
            if stretch is not None:
                self.needed[stretch][code] = None
                slot = (code - stretch.start) % stretch.period
                if slot not in stretch.hoisted:
                    is_last = code >= stretch.stop - stretch.period
                    (stretch.last if is_last else stretch.kept)[slot] = None

    def stretch_at(self, place: int) -> Stretch | None:
        for stretch in self.stretches:
            if stretch.start <= place < stretch.stop:
                return stretch
        return None

    def outside(self, code: int) -> Any:
        """What has this number, in the new program."""
        leaf = self.places.leaf(code)
        return self.new.get(leaf, leaf) if type(leaf) is Node else leaf

    def add(self, function: Any, args: tuple, value: Any) -> Node:
        step = Node(function, args, {}, value, function.__name__)
        self.steps.append(step)
        return step

    def make_loop(self, stretch: Stretch) -> None:
        Body(self, stretch).make()


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
                new = Node(step.function, args, kwargs, step.value, step.name, "call", step.errstate)
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

    def turns_of_slot(self, slot: int) -> Iterator[Node]:
        stretch = self.stretch
        return iter(self.rolling.program.steps[stretch.start + slot:stretch.stop:stretch.period])

    def read(self, slot: int, step: Node) -> Node:
        indices = tuple([each.args[1] for each in self.turns_of_slot(slot)])
        x = self.rolling.outside(self.stretch.columns[slot][0].leaves[0])
        rows = self.rolling.add(read_each, (x, literal(indices)), [step.value])
        return self.own_input(("read", slot), rows, step.value)

    def own_input(self, key: Any, values: Any, example: Any) -> Node:
        if key not in self.own:
            self.own[key] = Node(None, (), {}, example, "own", "input"), values
        return self.own[key][0]

    def same_input(self, arg: Any) -> Any:
        """Something that is the same in all turns, in the body."""
        if type(arg) is not Node or arg.kind == "constant":
            return arg
        if arg not in self.same:
            self.same[arg] = Node(None, (), {}, arg.value, "same", "input")
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
        value = leaf.value if type(leaf) is Node else leaf
        if column.kind == "each":
            key = "each", column.source, column.slot, column.first, column.stride
            if key not in self.own:
                if column.slot in column.source.hoisted:
                    return self.same_input(rolling.new[rolling.program.steps[column.source.start + column.slot]])
                self.own_input(key, self.turns_of_list(column), value)
            return self.own[key][0]
        key = column.kind, tuple(column.leaves)
        if key not in self.own:
            leaves = [rolling.outside(code) for code in column.leaves]
            self.own_input(key, leaves if column.kind == "nodes" else literal(tuple(map(value_of, leaves))), value)
        return self.own[key][0]

    def carried_input(self, column: Column) -> Node:
        """What a step gave some turns before: it is handed on from one turn to the next as often."""
        before: Any = column.slot
        for lag in range(1, column.lag + 1):
            codes = tuple(column.leaves[column.lag - lag:])
            if (column.slot, codes) not in self.carried:
                example = self.originals[column.slot].value
                new = Node(None, (), {}, example, "carried", "input")
                self.carried[column.slot, codes] = new, self.rolling.outside(codes[0]), before
            before = self.carried[column.slot, codes][0]
        return before

    def turns_of_list(self, column: Column) -> Node:
        source, first, stride = column.source, column.first, column.stride
        values = self.rolling.lists[source, column.slot]
        stop = first + stride * self.stretch.turns
        if (first, stop, stride) == (0, source.turns, 1):
            return values
        return self.rolling.add(turns_of, (values, first, stop if stop >= 0 else None, stride), values.value)

    def finish(self) -> None:
        rolling, stretch = self.rolling, self.stretch
        carried, own = list(self.carried.values()), list(self.own.values())
        onward = [each if type(each) is Node else self.in_body(each) for _, _, each in carried]
        kept, last = list(stretch.kept), list(stretch.last)
        outputs = [*onward, *map(self.in_body, kept), *map(self.in_body, last)]
        inputs = [*[each[0] for each in (*carried, *own)], *self.same.values()]
        examples = [[self.originals[slot].value] for slot in kept] + [self.originals[slot].value for slot in last]
        loop = Loop(stretch.turns, Program(inputs, self.steps, outputs), len(carried), len(own), len(kept))
        args = (*[init for _, init, _ in carried], *[values for _, values in own], *self.same)
        node = rolling.add(loop, args, tuple(examples))
        results = [rolling.add(result, (node, i), example) for i, example in enumerate(examples)]
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
                rolling.new[step] = rolling.add(turn_of, (rolling.lists[stretch, slot], turn), step.value)

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
