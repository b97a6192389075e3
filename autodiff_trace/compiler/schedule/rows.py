"""Rows: which values of a program lie, or can be written, one below the other in one array.

Rows are items of an array (``xs[i]``, ``xs[:, i]``), results that one call gives for many (a group), values that steps
write into an array that is made for them (a stack), and views of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ...numpy.batching import mapped_index
from ..backends.numpy_source import calls
from ..ir.infer import infer
from ..ir.node import Node, Program, parts_of
from ..ir.spec import Spec, array_spec
from ..rewrite.cse import identify
from .buffers import takes_buffer

__all__ = ["FEWEST", "LARGEST", "MOST", "Member", "Row", "Rows", "Writer", "mapped_how"]

FEWEST = 4
"""Calls that are worth it."""

LARGEST = 2048
"""Elements of an array whose call takes hardly longer than one of an empty array."""

MOST = 2**18
"""Elements of a batch: what they are computed from and what is computed from them should stay in cache."""

class Row(NamedTuple):
    """What stands for the array, the place in it, and the number of the step after which it is there."""

    array: Any
    place: int
    made: int


class View(NamedTuple):
    """What a value is a view of, and which."""

    source: Node
    how: Any


class Member(NamedTuple):
    """A step, or whatever stands for it, and those operands that are to be rows."""

    step: Any
    varied: tuple[Node, ...]


class Rows:
    """The rows of a program: those that are there, and those that are made."""

    def __init__(self, program: Program) -> None:
        self.numbers = program.numbers
        self.kept = set(program.kept)  # what is written nowhere else
        self.made: dict[Node, Row] = {}  # results of groups, and what is written into stacks
        self.views = {x: self.place_of(x) for x in program.steps if is_view(x)}
        self.stacks: dict[Node, Node] = {}  # by what is written into them
        self.arrays: dict[Node, Node] = {}  # what groups give, by their first members

    def find(self, x: Any) -> Row | None:
        """The place of a value as a row; None if it is none."""
        row = self.made.get(x) or self.views.get(x)
        if type(row) is View:
            view, row = row, self.find(row.source)
            row = row and Row((row.array, view.how), row.place, row.made)
        return row

    def place_of(self, x: Node) -> Row | View:
        """Of an item of an array its place, of another view what it is a view of."""
        source, axis = x.args[0], item_axis(x)
        if axis is None:
            return View(source, (x.function, identify(x.args[1])))
        index = parts_of(x.args[1])
        array = source, identify((*index[:axis], None, *index[axis + 1:]))
        return Row(array, index[axis] % source.spec.shape[axis], self.numbers.get(source, -1))

    def when(self, x: Node) -> int:
        """The number of the step after which a value is there."""
        row = self.made.get(x) or x in self.views and self.find(x)
        return row.made if row else self.numbers.get(x, -1)

    def source(self, x: Node) -> Node:
        """What a value that is no row is a view of."""
        while type(view := self.views.get(x)) is View:
            x = view.source
        return x

    def can_place(self, x: Node) -> bool:
        """Whether a value is a row, or can be made one."""
        return self.find(x) is not None or self.is_writable(self.source(x))

    def is_writable(self, step: Node) -> bool:
        """Whether a step can write its result into a row of a stack."""
        return (
            takes_buffer(step)
            and len(step.args) == calls.out_position(step.function)
            and step.function not in (calls.copy, calls.empty, calls.like)  # which others write into
            and step.spec.is_contiguous
            and step not in self.kept
            and step not in self.made
        )

    def runs(self, members: list[Member]) -> list[list[Member]]:
        """The runs of members whose operands are rows one below the other, or are made such."""
        members = [each for each in members if all(map(self.can_place, each.varied))] if len(members) >= FEWEST else []
        if len(members) < FEWEST:
            return []
        counts = [sum([self.find(x) is not None for x in column]) for column in zip(*[each.varied for each in members])]
        leading = counts.index(max(counts))
        arrays: dict[Any, int] = {}

        def place(member: Member) -> tuple:
            x = member.varied[leading]
            row = self.find(x)
            return (0, arrays.setdefault(row.array, len(arrays)), row.place) if row else (1, self.numbers[x], 0)

        found = []
        for run in self.split(sorted(members, key=place)):
            for column in zip(*[each.varied for each in run]):
                if self.find(column[0]) is None:
                    self.allocate(column)
            found += self.split([each for each in run if all(map(self.find, each.varied))])
        return found

    def split(self, members: list[Member]) -> list[list[Member]]:
        """Runs of members in which the operands of each are below those of the one before, or all of them free."""
        runs: list[list[Member]] = []
        last: list = []
        longest = MOST // max([x.spec.size for x in members[0].varied]) if members else 0
        for member in members:
            rows = [self.find(x) for x in member.varied]
            if runs and len(runs[-1]) < longest and all(map(is_below, rows, last)):
                runs[-1].append(member)
            else:
                runs.append([member])
            last = rows
        return [run for run in runs if len(run) >= FEWEST]

    def allocate(self, values: tuple[Node, ...]) -> None:
        """Make a stack for these values, or for what they are views of, where that is possible."""
        while type(view := self.views.get(values[0])) is View:
            views = list(map(self.views.get, values))
            if any([type(each) is not View or each.how != view.how for each in views]):
                return
            values = tuple([each.source for each in views])
        spec = values[0].spec
        alike = len(set(values)) == len(values) and all([self.is_writable(x) and x.spec == spec for x in values])
        if alike:
            shape = (len(values), *spec.shape)
            like = array_spec(shape, spec.dtype)
            stack = Node(calls.empty, (shape, spec.dtype, tuple(range(len(shape)))), {}, like, "stack")
            for i, x in enumerate(values):
                self.made[x], self.stacks[x] = Row(stack, i, self.numbers[x]), stack


def is_below(row: Row | None, other: Row | None) -> bool:
    """Whether a row is the one below another; or none of both is a row."""
    if row is None or other is None:
        return row is other
    return row.array == other.array and row.place == other.place + 1


def is_view(x: Node) -> bool:
    """Whether a step gives a view of an array, by slices or in another shape."""
    if x.function not in calls.VIEWS or x.kind != "call" or type(x.args[0]) is not Node:
        return False
    if x.function is calls.getitem and not calls.is_basic(x.args[1]):
        return False
    return x.spec.is_array and x.args[0].spec.is_array and x.args[0].function is not calls.empty


def item_axis(x: Node) -> int | None:
    """The axis along which a view is an item of an array; of what steps give for each turn, ``z[:, 0]``, it is none."""
    if x.function is calls.getitem:
        for axis, part in enumerate(parts_of(x.args[1])):
            if type(part) is int:
                return axis if not axis or x.args[0].kind != "call" else None
            if type(part) is not slice:
                break
    return None


class Writer:
    """Writes steps in the place of ``step``; ``new`` are steps after the pass."""

    def __init__(self, step: Node, rows: Rows, new: dict[Node, Node], steps: list[Node]) -> None:
        self.step = step
        self.places = rows
        self.new = new
        self.steps = steps

    def call(self, function: Callable, args: tuple, shape: tuple[int, ...], dtype: Any) -> Node:
        return self.add(function, args, array_spec(shape, dtype))

    def view(self, function: Callable, x: Node, how: Any) -> Node:
        return self.add(function, (x, how), infer(function, (x, how)))

    def add(self, function: Callable, args: tuple, spec: Spec) -> Node:
        self.steps.append(Node(function, args, {}, spec, self.step.name, "call", self.step.errstate))
        return self.steps[-1]

    def reshape(self, x: Node, shape: tuple[int, ...]) -> Node:
        return x if x.spec.shape == shape else self.view(calls.reshape, x, shape)

    def flat(self, x: Node) -> Node:
        """A stack of vectors or matrices as one matrix, of all their rows."""
        return self.reshape(x, (x.spec.size // x.spec.shape[-1], x.spec.shape[-1]))

    def transpose(self, x: Node) -> Node:
        return self.view(calls.transpose, x, (1, 0))

    def rows(self, values: tuple[Node, ...]) -> Node:
        """Values that are rows one below the other as one array."""
        first = values[0]
        made = self.places.made.get(first)
        if made is not None:
            stack = self.places.stacks.get(first)
            if stack is None:
                return self.part(self.places.arrays[made.array], (), made.place, len(values))
            x = self.part(stack, (), made.place, len(values))
            return self.call(calls.after, (x, *[self.new[each] for each in values]), x.spec.shape, x.spec.dtype)
        axis = item_axis(first)
        if axis is None:
            x = self.rows(tuple([x.args[0] for x in values]))
            return self.view(first.function, x, mapped_how(first, len(values)))
        array, index = self.new.get(first.args[0], first.args[0]), parts_of(first.args[1])
        start = index[axis] % array.spec.shape[axis]
        x = self.part(array, index[:axis], start, len(values), index[axis + 1:])
        if axis:
            x = self.view(calls.transpose, x, (axis, *[i for i in range(x.spec.ndim) if i != axis]))
        return x

    def part(self, array: Node, before: tuple, start: int, count: int, behind: tuple = ()) -> Node:
        """The array, or as much of it as the rows are."""
        if not before and not behind and count == array.spec.shape[0]:
            return array
        return self.view(calls.getitem, array, (*before, slice(start, start + count), *behind))


def mapped_how(step: Node, count: int) -> Any:
    """The shape, the order of axes or the index for a stack of so many of what a view is of."""
    how = step.args[1]
    if step.function is calls.getitem:
        return mapped_index(how)
    return (0, *[axis + 1 for axis in how]) if step.function is calls.transpose else (count, *step.spec.shape)
