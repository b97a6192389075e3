"""Translation: a region of a program as code: units, and the records that run them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np

from ...ir.node import Node, Program, operands
from ...ir.spec import spec_of
from ..numpy_source import calls
from .alone import find_alone
from .code import At, Call, Code, Expect, Flags, Mover, Record, Repeat
from .elementwise import find_elementwise
from .nest import Nest, Unit
from .own import own_functions
from .places import Place, place_of
from . import reductions as reductions
from .scalars import Scalars, find_scalar_rule
from .scheduling import ALONE, SCALARS, VIEW, schedule
from .scratch import Scratch
from .units import Units
from .views import find_view

__all__ = ["Translator", "accepts", "translate"]

CONSTANTS, MOVING = 10**6, 2 * 10**6
"""Numbers of bases until it is known how many there are of each sort."""

KINDS = ("divide", "over", "invalid", "under")


def accepts(step: Node, math: str = "own") -> bool:
    """Whether a step can be part of a region."""
    return step.kind == "call" and all(map(is_held, operands(step))) and key_of(step, own_functions(math)) is not None


def is_held(node: Node) -> bool:
    """Whether a value is a number or an array, or a list of such."""
    spec = node.spec
    if spec.items:
        return False
    if spec.dtype is None:
        return spec.kind in (float, bool, int, complex)
    return spec.dtype.isnative and spec.dtype.char in "?bBhHiIlLqQfdFD"


def key_of(step: Node, own: dict[np.ufunc, Callable]) -> Hashable:
    """The kind of unit that a step is part of; None if it cannot be part of a region."""
    if not is_held(step):
        return None
    if find_scalar_rule(step, own) is not None:
        return SCALARS
    if find_view(step) is not None:
        return VIEW
    if not step.spec.size:
        return None
    if find_elementwise(step, own) is not None:
        return step.spec.shape
    return ALONE if find_alone(step, own) is not None else None


def translate(region: Program, math: str = "own") -> Code:
    """The code of a region, all of whose steps are accepted. Its outputs are new arrays or numbers."""
    return Translator(region, math).code()


class Translator:
    """Translates one region."""

    def __init__(self, region: Program, math: str) -> None:
        self.region, self.own = region, own_functions(math)
        self.units, self.scratch = Units(), Scratch()
        self.records: list[Record] = []
        self.temporaries: list[tuple[int, int]] = []
        self.places: dict[Node, Place] = {}
        self.outputs = [each for each in region.outputs if type(each) is Node]
        self.bases = 1
        self.moving = 0
        for node in region.inputs:
            self.places[node] = place_of(node.spec, self.new_base())
        self.targets = {}
        for node in self.outputs:
            self.targets.setdefault(self.root(node), []).append((node, place_of(node.spec, self.new_base())))
        self.constants: list[np.ndarray] = []
        self.known: dict[tuple, Place] = {}
        for step in region.steps:
            for node in operands(step):
                if node.kind == "constant" and node not in self.places:
                    self.add_constant(node)

    def new_base(self) -> At:
        self.bases += 1
        return At(self.bases - 1)

    def add_constant(self, node: Node) -> None:
        value = np.array(node.value, copy=True, order="K")
        self.places[node] = self.new_constant(value)

    def new_constant(self, value: np.ndarray) -> Place:
        self.constants.append(value)
        return Place(At(CONSTANTS + len(self.constants) - 1), value.shape, value.strides, value.dtype)

    def code(self) -> Code:
        segments = schedule(self.region, lambda step: key_of(step, self.own))
        self.find_last_uses(segments)
        for i, segment in enumerate(segments):
            self.i = i
            self.translate_segment(segment.key, segment.steps)
            for root in self.ends.get(i, ()):
                self.release(root)
            while self.temporaries:
                self.scratch.give_back(*self.temporaries.pop())
        self.i = len(segments)
        self.copy_outputs()
        moving = self.bases + len(self.constants)
        records = renumbered(merge_flags(self.records), {CONSTANTS: self.bases, MOVING: moving})
        return Code(
            self.units.text, records, [node.spec for node in self.region.inputs],
            [node.spec for node in self.outputs], self.constants, self.scratch.size, moving + self.moving)

    def root(self, node: Node) -> Node:
        """The node in whose memory a value is."""
        while node.kind == "call" and (node.function is calls.assign or (
                find_view(node) is not None and find_scalar_rule(node, self.own) is None)):
            node = node.args[0]
        return node

    def find_last_uses(self, segments: Sequence) -> None:
        """Note in which segment a value is made, and after which nothing reads its memory any more."""
        self.made: dict[Node, int] = {}
        last: dict[Node, int] = {}
        self.read_outside: set[Node] = set()
        for i, segment in enumerate(segments):
            for step in segment.steps:
                self.made[step] = i
        for i, segment in enumerate(segments):
            for step in segment.steps:
                for node in operands(step):
                    root = self.root(node)
                    last[root] = i
                    if root is not node or self.made.get(root) != i:
                        self.read_outside.add(root)
        for node in self.outputs:
            self.read_outside.add(self.root(node))
            last[self.root(node)] = len(segments)
        self.ends: dict[int, list[Node]] = {}
        for root, i in last.items():
            self.ends.setdefault(i, []).append(root)
        self.owned: dict[Node, tuple[int, int]] = {}

    def place(self, node: Node) -> Place:
        """Where a value is in memory."""
        found = self.places.get(node)
        if found is None:
            if type(node) is not Node:
                raise TypeError(f"{node!r} is in no memory")
            found = self.places[node] = find_view(node)(self.place(node.args[0]), node)
        return found

    def allocate(self, node: Node) -> Place:
        """Memory for the value of a step: that of an output, if it is one, else scratch memory."""
        for output, place in self.targets.get(node, ()):
            if output is node:
                self.places[node] = place
                return place
        place = place_of(node.spec, At(0))
        nbytes = place.size * place.dtype.itemsize
        offset = self.scratch.take(nbytes)
        self.owned[node] = offset, nbytes
        place = self.places[node] = place._replace(at=At(0, offset))
        return place

    def constant(self, value: np.ndarray) -> Place:
        """An array of the code's own."""
        key = value.tobytes(), value.shape, value.dtype
        if key not in self.known:
            self.known[key] = self.new_constant(value)
        return self.known[key]

    def release(self, node: Node) -> None:
        if node in self.owned:
            self.scratch.give_back(*self.owned.pop(node))

    def temporary(self, shape: tuple[int, ...], dtype: np.dtype) -> Place:
        """Memory for one segment."""
        place = place_of(spec_of(np.empty((), dtype)).with_shape(shape), At(0))
        nbytes = place.size * dtype.itemsize
        offset = self.scratch.take(nbytes)
        self.temporaries.append((offset, nbytes))
        return place._replace(at=At(0, offset))

    def translate_segment(self, key: Hashable, steps: list[Node]) -> None:
        before = len(self.records)
        if key == ALONE:
            find_alone(steps[0], self.own)(self, steps[0])
        else:
            outputs = {step: self.allocate(step) for step in steps if step in self.read_outside}
            if key == SCALARS:
                rules = [(step, find_scalar_rule(step, self.own)) for step in steps]
                self.call(Scalars(rules, self.place, outputs).write())
            elif outputs:
                rules = [(step, find_elementwise(step, self.own)) for step in steps]
                self.call(Nest(key, rules, self.place, outputs).write())
        records = self.records[before:]
        self.records[before:] = [with_flags(steps, records)] if records else []

    def call(self, unit: Unit) -> None:
        """The record that runs a unit."""
        addresses = tuple([place.at for place in unit.operands])
        self.records.append(Call(self.units.add(unit), addresses, unit.start, unit.stop, unit.parallel))

    def copy(self, source: Place, target: Place) -> None:
        """Write elements at other places, as their dtype casts."""
        self.move(lambda x: x, [source], target)

    def move(self, function: Callable, sources: list[Place], target: Place) -> None:
        """Write an elementwise function of elements, ``rule(lanes, *values)``."""
        from .elementwise import Elementwise

        if not target.size:
            return
        nodes = [Node(None, (), {}, None, "", "input") for _ in sources]
        places = dict(zip(nodes, sources))
        result = Node(None, (), {}, None, "", "call")
        chars = "".join([place.dtype.char for place in sources])
        how = Elementwise(tuple(nodes), chars, lambda lanes, *values: function(*values) if len(values) == 1
                          else function(lanes, *values))
        self.call(Nest(target.shape, [(result, how)], places.__getitem__, {result: target}).write())

    def copy_outputs(self) -> None:
        """Outputs that are not where they were made: views, inputs, the same value twice."""
        for targets in self.targets.values():
            for node, target in targets:
                if self.places.get(node) != target:
                    self.copy(self.place(node), target)


def with_flags(steps: list[Node], records: list[Record]) -> Flags:
    """Records with what is known of the floating-point errors of steps: those that all of them ignore are dropped, and
    those that one of them handles in its own way are always to be seen."""
    states = [step.errstate or {} for step in steps]
    ignored = frozenset(kind for kind in KINDS if all(state.get(kind) == "ignore" for state in states))
    seen = frozenset(kind for kind in KINDS if any(state.get(kind, "ignore") != "ignore" for state in states))
    return Flags(ignored, seen, tuple(records))


def merge_flags(records: Sequence[Record]) -> list[Record]:
    """Neighbours with the same handling as one; records without any as they are."""
    merged: list[Record] = []
    for each in records:
        if type(each) is not Flags:
            merged.append(each)
        elif not each.ignored and not each.seen:
            merged += each.body
        elif merged and type(merged[-1]) is Flags and merged[-1][:2] == each[:2]:
            merged[-1] = merged[-1]._replace(body=merged[-1].body + each.body)
        else:
            merged.append(each)
    return merged


def renumbered(records: Sequence[Record], starts: dict[int, int]) -> list[Record]:
    """Records with the final numbers of bases."""

    def final(at: At) -> At:
        return At(number(at.base), at.offset)

    def number(base: int) -> int:
        for first in sorted(starts, reverse=True):
            if base >= first:
                return base - first + starts[first]
        return base

    def change(record: Record) -> Record:
        if type(record) is Repeat:
            movers = tuple([Mover(number(slot), final(source), stride) for slot, source, stride in record.movers])
            return Repeat(record.turns, tuple(map(change, record.body)), movers)
        if type(record) is Flags:
            return record._replace(body=tuple(map(change, record.body)))
        if type(record) is Expect:
            return record._replace(operand=final(record.operand))
        return record._replace(operands=tuple(map(final, record.operands)))

    return list(map(change, records))
