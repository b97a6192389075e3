"""Batches: the same function of rows of one array is called once, of all of them.

``xs[i] @ W`` for many i is ``xs @ W``, whose rows are read; so are the slopes of a loop, once their operands are rows
of stacks. A call takes 0.3 µs and more, however small its array is, and larger products make more of the processor
(1.3 instead of 3.7 µs for each 16 × 64 by 64 × 64).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, relabel, value_of
from ..rewrite.cse import identify

__all__ = ["FEWEST", "LARGEST", "MOST", "Row", "Writer", "batch_rows", "find_rows", "has_dtype", "runs_of"]

FEWEST = 4
"""Calls that are worth it."""

LARGEST = 2048
"""Elements of an array whose call takes hardly longer than one of an empty array."""

MOST = 2**18
"""Elements of a batch: what they are computed from and what is computed from them should stay in cache."""


class Row(NamedTuple):
    """The place of a value in an array, and the number of the step after which it is there."""

    base: Node
    place: int
    made: int


class Member(NamedTuple):
    """A step, those operands that are rows, and the place of the first of them."""

    step: Node
    varied: tuple[Node, ...]
    place: int


def batch_rows(program: Program) -> Program:
    """The program with one call for each group of calls of the same function on rows of the same arrays."""
    rows = find_rows(program)
    if len(rows) < FEWEST:
        return program
    groups = Groups(program, rows)
    found = groups.find(rows)
    while found:
        found = groups.find(found)
    return groups.join() if groups.firsts else program


def find_rows(program: Program) -> dict[Node, Row]:
    """The values that are rows of arrays which are contiguous."""
    if not program.calls((calls.getitem,)):
        return {}
    numbers = program.numbers
    rows = {}
    for i, step in enumerate(program.steps):
        row = step.args[0] if step.function is calls.after else step
        if row.function is not calls.getitem or row.kind != "call" or type(row.args[1]) is not int:
            continue
        base = row.args[0]
        is_filled = base.function is calls.empty  # row by row: of no use before
        if type(row.value) is np.ndarray and type(base.value) is np.ndarray and base.value.flags.c_contiguous:
            if is_filled == (row is not step):
                rows[step] = Row(base, row.args[1] % len(base.value), i if is_filled else numbers.get(base, -1))
    return rows


def runs_of(items: list, is_next: Callable[[Any, Any], bool], longest: int) -> list[list]:
    """Runs of items in which each is the next after the one before, as long as it is worth it and may be."""
    runs: list[list] = []
    for item in items:
        if runs and len(runs[-1]) < longest and is_next(runs[-1][-1], item):
            runs[-1].append(item)
        else:
            runs.append([item])
    return [run for run in runs if len(run) >= FEWEST]


def has_dtype(arg: Any, dtype: np.dtype) -> bool:
    """Whether an operand is an array of this dtype."""
    return type(arg) is Node and type(arg.value) is np.ndarray and arg.value.dtype == dtype


def is_small(step: Node) -> bool:
    """Whether a step calls a function on small arrays of which a batch can be made."""
    return (
        step.kind == "call"
        and not step.kwargs
        and type(step.value) is np.ndarray
        and 0 < step.value.size <= LARGEST
        and (step.function is np.dot or calls.is_elementwise_ufunc(step.function))
        and len(step.args) == (2 if step.function is np.dot else step.function.nin)
        and step.value.flags.c_contiguous
    )


def varied_operands(step: Node, rows: dict[Node, Row]) -> list[tuple[Node, ...]]:
    """The operands that may be other rows in other members of a group: all that are rows, or one of them."""
    found = tuple(dict.fromkeys([arg for arg in step.args if type(arg) is Node and arg in rows]))
    if not found:
        return []
    if step.function is np.dot:
        return [(arg,) for arg in found if is_batchable_product(step, arg)]
    found = tuple([arg for arg in found if arg.value.shape == step.value.shape])
    return [found, *[(arg,) for arg in found]] if len(found) > 1 else [found] if found else []


def is_batchable_product(step: Node, row: Node) -> bool:
    """Whether products of rows with a matrix are one of all rows: ``rows @ matrix``, or ``matrix @ vector``."""
    x, y = map(value_of, step.args)
    if type(x) is not np.ndarray or type(y) is not np.ndarray or x.dtype != y.dtype or x.dtype.kind not in "fc":
        return False
    if row.value.size > LARGEST or y.ndim > 2 or x.shape[-1:] == (1,):
        return False  # of vectors of one number dot is the product, which may be -0, of matrices a sum
    return x.ndim <= 2 and row is step.args[0] or x.ndim == 2 and y.ndim == 1


class Writer:
    """Writes the steps that compute with rows of arrays in the place of ``step``; ``new`` are steps after the pass."""

    def __init__(self, step: Node, rows: dict[Node, Row], new: dict[Node, Node], steps: list[Node]) -> None:
        self.step = step
        self.places = rows
        self.new = new
        self.steps = steps

    def call(self, function: Callable, args: tuple, shape: tuple[int, ...], dtype: Any) -> Node:
        value = np.empty(shape, dtype)
        self.steps.append(Node(function, args, {}, value, self.step.name, "call", self.step.errstate))
        return self.steps[-1]

    def rows(self, values: Sequence[Node]) -> Node:
        """Values that are rows of an array, one below the other, as one array."""
        base, start, _ = self.places[values[0]]
        array = self.new.get(base, base)
        shape, dtype = (len(values), *values[0].value.shape), values[0].value.dtype
        if shape != base.value.shape:
            array = self.call(calls.getitem, (array, slice(start, start + len(values))), shape, dtype)
        if base.function is not calls.empty:
            return array
        return self.call(calls.after, (array, *[self.new.get(each, each) for each in values]), shape, dtype)

    def reshape(self, x: Node, shape: tuple[int, ...]) -> Node:
        return x if x.value.shape == shape else self.call(calls.reshape, (x, shape), shape, x.value.dtype)

    def flat(self, x: Node) -> Node:
        """A stack of matrices as one matrix, of all their rows."""
        return self.reshape(x, (x.value.size // x.value.shape[-1], x.value.shape[-1]))


class Groups:
    """Steps that can be computed together, in the order of the rows that they read.

    Their results are rows again, of an array that is not there yet: ``bases`` holds what stands for it.
    """

    def __init__(self, program: Program, rows: dict[Node, Row]) -> None:
        self.program = program
        self.rows = rows
        self.firsts: dict[Node, list[Member]] = {}
        self.bases: dict[Node, Node] = {}  # by the first member
        self.members: set[Node] = set()
        self.numbers = program.numbers
        self.guards = list(accumulate([step.kind != "call" for step in program.steps]))  # up to each step

    def find(self, found: Iterable[Node]) -> list[Node]:
        """Form groups of steps that use the rows that were found last; the members, which are rows themselves."""
        keys: dict[Any, list[Member]] = {}
        steps = {step for row in found for step in self.program.users.get(row, ())}.difference(self.members)
        steps = {step for step in steps.difference(self.program.kept) if is_small(step)}
        for step in sorted(steps, key=self.numbers.__getitem__):
            for varied in varied_operands(step, self.rows):
                # Nothing is computed before a guard that stood before it.
                key = (self.guards[self.numbers[step]], *key_of(step, varied, self.rows))
                keys.setdefault(key, []).append(Member(step, varied, self.rows[varied[0]].place))
        made: list[Node] = []
        for members in sorted(keys.values(), key=len, reverse=True):
            if len(members) < FEWEST:
                break
            first = self.numbers[members[0].step]
            there = {
                each.place: each for each in members
                if each.step not in self.members and all(self.rows[arg].made < first for arg in each.varied)
            }
            longest = MOST // members[0].step.value.size
            there = [there[place] for place in sorted(there)]
            for group in runs_of(there, lambda x, y: x.place + 1 == y.place, longest):
                self.accept(group)
                made += [each.step for each in group]
        return made

    def accept(self, group: list[Member]) -> None:
        first = min([each.step for each in group], key=self.numbers.__getitem__)
        self.firsts[first] = group
        base = self.bases[first] = Node(None, (), {}, np.empty((len(group), *first.value.shape), first.value.dtype), "")
        for i, each in enumerate(group):
            self.members.add(each.step)
            self.rows[each.step] = Row(base, i, self.numbers[first])

    def join(self) -> Program:
        """The program with one call for each group, in the place of its first member."""
        new: dict[Node, Node] = {}
        steps: list[Node] = []
        for step in self.program.steps:
            if step in self.firsts:
                group = self.firsts[step]
                together = new[self.bases[step]] = call_group(group, Writer(step, self.rows, new, steps))
                for i, (each, *_) in enumerate(group):
                    new[each] = Node(calls.getitem, (together, i), {}, each.value, "row", "call", step.errstate)
                    steps.append(new[each])
            elif step not in self.members:
                steps.append(step.rewire(new))
        return Program(self.program.inputs, steps, relabel(self.program.outputs, new))


def key_of(step: Node, varied: tuple[Node, ...], rows: dict[Node, Row]) -> tuple:
    """What the members of a group have in common: other operands, and arrays of which they read rows side by side."""
    start = rows[varied[0]].place
    args = [("row", id(rows[arg].base), rows[arg].place - start) if arg in varied else identify(arg)
            for arg in step.args]
    state = tuple(step.errstate.items()) if step.errstate else None
    return step.function, state, step.value.shape, step.value.dtype, tuple(args)


def call_group(group: list[Member], write: Writer) -> Node:
    """The call of a function for all members of a group."""
    step, varied, _ = group[0]
    stacks = {arg: write.rows([each.varied[i] for each in group]) for i, arg in enumerate(varied)}
    x, *rest = relabel(step.args, ChainMap(stacks, write.new))
    shape, dtype = (len(group), *step.value.shape), step.value.dtype
    if step.function is not np.dot:
        return write.call(step.function, (x, *rest), shape, dtype)
    y, = rest
    if step.args[0] in varied:
        x = write.flat(x)
    else:
        x, y = y, write.call(calls.transpose, (x, (1, 0)), value_of(x).shape[::-1], dtype)
    ans = write.call(np.dot, (x, y), x.value.shape[:1] + value_of(y).shape[1:], dtype)
    return write.reshape(ans, shape)
