"""Translation: a region of a program as code: units, and the records that run them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np

from ...ir.loop import Loop, stack_turns
from ...ir.node import Node, Program, operands
from ...ir.spec import array_spec, c_strides
from ..numpy_source import calls
from . import (  # noqa: F401 (they register rules)
    compositions, fourier, gathering, linear_algebra, moves, pointwise, reductions, searching,
)
from .alone import find_alone
from .bounds import extent
from .code import At, Call, Code, Expect, Record
from .elementwise import Elementwise
from .kinds import Kinds
from .loops import list_place, repeat
from .maps import write_map
from .nest import Nest
from .nest_units import translate_nest
from .own import own_functions
from .places import Place, place_of
from .records import CONSTANTS, MOVING, merge_flags, renumbered, with_flags
from .scalars import Scalars
from .scheduling import ALONE, SCALARS, VIEW, Segment, schedule
from .shared import Shared
from .units import Unit
from .views import is_result

__all__ = ["Translator", "accepts", "translate"]


def accepts(step: Node, math: str = "own") -> bool:
    """Whether a step can be part of a region."""
    return Kinds(own_functions(math)).accepts(step)


def translate(region: Program, math: str = "own") -> Code:
    """The code of a region, all of whose steps are accepted. Its outputs are new arrays or numbers."""
    shared = Shared(own_functions(math))
    count = len(region.inputs)
    outputs = [each for each in region.outputs if type(each) is Node]
    places = {node: place_of(node.spec, At(1 + i)) for i, node in enumerate(region.inputs)}
    targets = [(node, place_of(node.spec, At(1 + count + i))) for i, node in enumerate(outputs)]
    records = Translator(shared, region, places, targets).run()
    first = 1 + count + len(outputs)
    starts = {CONSTANTS: first, MOVING: first + len(shared.constants)}
    return Code(
        shared.units.text, renumbered(records, starts), [node.spec for node in region.inputs],
        [node.spec for node in outputs], shared.constants, shared.scratch.size, starts[MOVING] + shared.moving,
        shared.units.about)


class Translator:
    """Translates a program, whose inputs are at ``places``, so that its outputs are written at their places."""

    def __init__(
        self, shared: Shared, program: Program, places: dict[Node, Place], targets: list[tuple[Node, Place]],
    ) -> None:
        self.shared, self.program, self.own, self.kinds = shared, program, shared.own, shared.kinds
        self.places, self.targets = places, targets
        self.records: list[Record] = []
        self.temporaries: list[tuple[int, int]] = []
        self.owned: dict[Node, tuple[int, int]] = {}
        self.carried: list[tuple[Node, Place]] = []
        self.slots: set[Node] = set()
        self.late_copies = {step for step in program.steps if is_late_copy(step, program)}

    def run(self) -> list[Record]:
        """The records."""
        segments = schedule(self.program, self.key, lambda step: self.kinds.closing(step) is not None)
        self.find_last_uses(segments)
        for i, segment in enumerate(segments):
            self.i = i
            self.translate_segment(segment.key, segment.steps)
            for root in self.ends.get(i, ()):
                self.release(root)
            while self.temporaries:
                self.shared.scratch.give_back(*self.temporaries.pop())
        self.copy_outputs()
        self.copy_carried()
        for root in list(self.owned):
            self.release(root)
        return merge_flags(self.records)

    def root(self, node: Node) -> Node:
        """The node in whose memory a value is."""
        while node.kind == "call" and not is_result(node) and (node.function is calls.assign or (
                self.key(node) == VIEW and node not in self.late_copies)):
            node = node.args[0]
        return node

    def key(self, step: Node) -> Hashable:
        """The kind of unit that a step is part of. A copy that is written into is made when that is done."""
        return VIEW if step in self.late_copies else self.kinds.key(step)

    def take_over(self, copy: Node, assignment: Node) -> Place:
        """The memory of a copy that is to be written into: that of the array itself, if nothing reads it any more."""
        source = copy.args[0]
        root = self.root(source)
        is_free = (root in self.owned or root in self.slots) and self.last[root] == self.i
        rest = [self.root(node) for node in operands(assignment)[1:]]
        place = self.place(source)
        if is_free and root not in rest and place == self.places[root] and place.strides == copy.spec.strides:
            if root in self.owned:
                self.owned[copy] = self.owned.pop(root)
            self.places[copy] = place
        else:
            self.copy(place, self.allocate(copy))
        return self.places[copy]

    def find_last_uses(self, segments: Sequence[Segment]) -> None:
        """Note which values are read outside the segment that makes them, and after which segment no more."""
        made = {step: i for i, segment in enumerate(segments) for step in segment.steps}
        last: dict[Node, int] = {}
        self.read_outside: set[Node] = set()
        for i, segment in enumerate(segments):
            for step in segment.steps:
                read = operands(step)
                for node in (*read, *[each.args[0] for each in read if each in self.late_copies]):
                    root = self.root(node)
                    last[root] = i
                    if root is not node or made.get(root) != i or self.kinds.closing(root) is not None:
                        self.read_outside.add(root)
        for node, _ in (*self.targets, *self.carried):
            self.read_outside.add(self.root(node))
            last[self.root(node)] = len(segments)
        self.made, self.last = made, last
        self.ends: dict[int, list[Node]] = {}
        for root, i in last.items():
            self.ends.setdefault(i, []).append(root)

    def place(self, node: Node) -> Place:
        """Where a value is in memory."""
        found = self.places.get(node)
        if found is None:
            if node.kind == "constant":
                found = self.shared.constant(np.array(node.value, copy=True, order="K"))
            else:
                found = self.kinds.view(node)(self.place(node.args[0]), node)
            self.places[node] = found
        return found

    def constant(self, value: np.ndarray) -> Place:
        return self.shared.constant(value)

    def allocate(self, node: Node, place: Place | None = None) -> Place:
        """Memory for the value of a step: that of an output, if it is one, else scratch memory; for a ``place`` like
        this one."""
        for output, target in self.targets:
            if output is node or self.root(output) is node and output.function in (calls.assign, stack_turns):
                self.places[node] = target
                return target
        place = place or place_of(node.spec, At(0))
        place, self.owned[node] = self.take(place)
        self.places[node] = place
        return place

    def take(self, like: Place) -> tuple[Place, tuple[int, int]]:
        """Scratch memory for such a place, and what is to be given back."""
        nbytes = like.size * like.dtype.itemsize
        if not like.is_dense():  # the layout of a view
            like = like._replace(strides=c_strides(like.shape, like.dtype.itemsize))
        offset = self.shared.scratch.take(nbytes)
        return like._replace(at=At(0, offset)), (offset, nbytes)

    def release(self, node: Node) -> None:
        if node in self.owned:
            self.shared.scratch.give_back(*self.owned.pop(node))

    def temporary(self, shape: tuple[int, ...], dtype: np.dtype) -> Place:
        """Memory for one segment."""
        place, taken = self.take(place_of(array_spec(shape, dtype), At(0)))
        self.temporaries.append(taken)
        return place

    def translate_segment(self, key: Hashable, steps: list[Node]) -> None:
        before = len(self.records)
        if key == ALONE and type(steps[0].function) is Loop:
            rules = self.kinds.map(steps[0])
            if rules is None:
                repeat(self, steps[0])
            else:
                write_map(self, steps[0], rules)
        elif key == ALONE:
            find_alone(steps[0], self.own)(self, steps[0])
        elif key == SCALARS:
            for step in steps:
                if type(step.function) is Loop:
                    self.allocate_lists(step)
            outputs = {step: self.allocate(step) for step in steps if step in self.read_outside and not step.spec.items}
            scalars = Scalars(steps, self.kinds.scalar, self.place, outputs, self.results, self.temporary)
            self.call(scalars.write())
            if scalars.flag is not None:
                self.records.append(Expect(scalars.flag.at, True))
        else:
            translate_nest(self, key, steps)
        records = self.records[before:]
        self.records[before:] = [with_flags(steps, records)] if records else []

    def results(self, step: Node) -> list[Node]:
        """The steps that read the results of a step that has several."""
        return self.program.users.get(step, [])

    def allocate_lists(self, step: Node) -> None:
        """Memory for what a loop keeps of each turn: all of one value next to one another."""
        for each in self.results(step):
            if each.spec.items:
                self.allocate(each, list_place(each.spec.items[0], step.function.turns))

    def call(self, unit: Unit) -> None:
        """The record that runs a unit."""
        addresses = tuple([place.at for place in unit.operands])
        reach = tuple([extent(place.shape, place.strides, place.dtype.itemsize) for place in unit.operands])
        name = self.shared.units.add(unit)
        self.records.append(Call(name, addresses, unit.start, unit.stop, unit.parallel, reach))

    def copy(self, source: Place, target: Place) -> None:
        """Write elements at other places, as their dtype casts."""
        self.move(lambda lanes, x: x, [source], target)

    def move(self, function: Callable, sources: list[Place], target: Place) -> None:
        """Write an elementwise function of elements, ``function(lanes, *values)``."""
        if not target.size:
            return
        nodes = [Node(None, (), {}, None, "", "input") for _ in sources]
        places = dict(zip(nodes, sources))
        result = Node(None, (), {}, None, "", "call")
        chars = "".join([place.dtype.char for place in sources])
        how = Elementwise(tuple(nodes), chars, function)
        self.call(Nest(target.shape, [(result, how)], places.__getitem__, {result: target}).write())

    def run_turn(self, carried: list[tuple[Node, Place]]) -> list[Record]:
        """The records of one turn of a loop, at whose end what is carried on is at its place."""
        self.carried = carried
        return self.run()

    def copy_carried(self) -> None:
        """Copy what is carried on to its place, after all that is still to be read from there."""
        moved = [(self.place(node), target) for node, target in self.carried]
        moved = [(source, target) for source, target in moved if source != target]
        targets = [target for _, target in moved]
        held = []
        for source, target in moved:
            if is_inside(source, targets):
                place = self.temporary(target.shape, target.dtype)
                self.copy(source, place)
                source = place
            held.append((source, target))
        for source, target in held:
            self.copy(source, target)

    def copy_outputs(self) -> None:
        """Outputs that are not where they were made: views, inputs, the same value twice."""
        for node, target in self.targets:
            if self.places.get(node) != target:
                self.copy(self.place(node), target)


def is_late_copy(step: Node, program: Program) -> bool:
    """Whether a step is a copy of an array that is made to be written into, by one step."""
    if step.function is not calls.copy or len(step.args) != 1 or type(step.args[0]) is not Node:
        return False
    users = program.users.get(step, [])
    return (len(users) == 1 and users[0].function is calls.assign and users[0].args[0] is step
            and step.args[0].spec.dtype == step.spec.dtype and step.args[0].spec.shape == step.spec.shape
            and step not in program.kept)


def is_inside(place: Place, others: list[Place]) -> bool:
    """Whether a place begins in the memory of another."""
    return any(
        place.at.base == other.at.base
        and 0 <= place.at.offset - other.at.offset < max(other.size, 1) * other.dtype.itemsize for other in others)
