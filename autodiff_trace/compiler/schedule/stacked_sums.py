"""Stacked sums: a sum of many products, of rows of two arrays each, is one product of the arrays.

Gradients of weights that are used in each step of a loop are such: the sum of ``x.T @ g`` over the steps is
``xs.T @ gs``, where the ``g`` of each step has been written into its place of one piece of memory. (50 products of
64 × 16 by 16 × 64, and their sum, take 190 µs, one of 64 × 800 by 800 × 64 takes 73.) It differs in rounding; where it
overflows on the way, which is checked before anything can tell, the sum in the order of the program may not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, is_fixed, literal, parts_of, relabel, value_of
from .batches import FEWEST, LARGEST, MOST, Row, Writer, find_rows, has_dtype, runs_of
from .buffers import takes_buffer
from ..rewrite.cse import identify
from ..rewrite.dce import may_raise, remove_dead_code
from ..rewrite.finite import check
from .stacks import make_stack, write_row

__all__ = ["sum_stacks"]

OUTER = "aᵀ b"
WEIGHTED = "w b"
PRODUCTS = "a * b"
PLAIN = "b"


class Term(NamedTuple):
    """A term of a sum: ``form`` with the operands that differ from term to term; ``shared`` does not."""

    step: Node
    form: str
    shared: Any
    varied: tuple[Node, ...]


def sum_stacks(program: Program) -> Program:
    """The program with one product for each long sum of products."""
    sums = find_sums(program)
    if not sums:
        return program
    stacking = Stacking(program)
    groups = [(ans, group) for ans, terms in sums.items() for group in group_terms(terms)]
    # Longer sums first, and those of pairs: one of the two may have a place already.
    for ans, group in sorted(groups, key=lambda pair: (-len(pair[1][0].varied), -len(pair[1]))):
        stacking.add(ans, group)
    return remove_dead_code(stacking.rewrite(sums)) if stacking.runs else program


def find_sums(program: Program) -> dict[Node, list[Term]]:
    """The terms of each sum of several arrays of one shape, by the step that adds the last."""
    adds = {step for step in program.steps if step.function is np.add and is_sum(step)}
    if len(adds) < FEWEST - 1:
        return {}
    single = {step: using[0] for step, using in program.users.items() if len(using) == 1 and step not in program.kept}
    inner = {step for step in adds if (user := single.get(step)) in adds and user.errstate == step.errstate}
    sums = {}
    for step in program.steps:
        if step in adds and step not in inner:
            terms, pending = [], list(step.args)
            while pending:
                arg = pending.pop()
                if arg in inner:
                    pending += arg.args
                else:
                    terms.append(term_of(arg, step, single))
            if len(terms) >= FEWEST:
                sums[step] = terms
    return sums


def is_sum(step: Node) -> bool:
    """Whether a step adds two arrays of one shape and dtype."""
    if step.kind != "call" or len(step.args) != 2 or step.kwargs:
        return False
    value = step.value
    return type(value) is np.ndarray and value.dtype.kind in "fc" and value.size > 0 and all(
        [has_dtype(arg, value.dtype) and arg.value.shape == value.shape for arg in step.args]
    )


def term_of(step: Node, ans: Node, single: dict[Node, Node]) -> Term:
    """What is added, taken apart if nothing else needs it."""
    if step not in single:
        return Term(step, PLAIN, None, (step,))
    if step.function is calls.transpose and step.args[1] == (1, 0):
        inner = term_of(step.args[0], ans, single)
        if inner.form is OUTER:  # (aᵀ b)ᵀ is bᵀ a
            return Term(step, OUTER, None, inner.varied[::-1])
    if step.kind == "call" and step.errstate == ans.errstate and len(step.args) == 2:
        x, y = step.args
        if has_dtype(x, step.value.dtype) and has_dtype(y, step.value.dtype) and not step.kwargs:
            if step.function is np.dot and y.value.ndim == 2:
                if is_fixed(x) and x.value.ndim == 1:
                    return Term(step, WEIGHTED, x, (y,))
                if x.function is calls.transpose and x.args[1] == (1, 0):
                    return Term(step, OUTER, None, (x.args[0], y))
                if x.value.shape[-1] == 1 and (vectors := (vector_in(x), vector_in(y))).count(None) == 0:
                    return Term(step, OUTER, None, vectors)
            if step.function is np.multiply and x.value.shape == y.value.shape == step.value.shape:
                return Term(step, PRODUCTS, None, (x, y))
    return Term(step, PLAIN, None, (step,))


def vector_in(x: Node) -> Node | None:
    """The vector that a matrix of one row or column is a view of."""
    while type(x) is Node and max(x.value.shape) == x.value.size:
        if x.value.ndim == 1:
            return x
        if x.function is calls.getitem and any(part not in (None, slice(None)) for part in parts_of(x.args[1])):
            return None
        if x.kind != "call" or x.function not in (calls.getitem, calls.reshape, calls.transpose):
            return None
        x = x.args[0]
    return None


def group_terms(terms: list[Term]) -> list[list[Term]]:
    """The terms that are made in the same way, of arrays of the same shapes."""
    groups: dict[Any, list[Term]] = {}
    for term in terms:
        shapes = tuple([arg.value.shape for arg in term.varied])
        if all(len(shape) and arg.value.flags.c_contiguous for shape, arg in zip(shapes, term.varied)):
            groups.setdefault((term.form, identify(term.shared), shapes), []).append(term)
    return [group for group in groups.values() if len(group) >= FEWEST and pays(group[0])]


def pays(term: Term) -> bool:
    """Whether calls are what terms of this size cost; or else adding up the products."""
    size = sum(arg.value.size for arg in term.varied)
    return size <= len(term.varied) * LARGEST or term.form is OUTER and size <= term.step.value.size


class Stacking:
    """Finds places in stacks for the operands of sums, and puts the stacks into the program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.rows = find_rows(program)
        self.numbers = program.numbers
        self.bases: dict[Node, int] = {}  # numbered, for a fixed order
        self.kept = program.kept
        self.stacks: list[Node] = []
        self.written: dict[Node, tuple[Node, int]] = {}
        self.runs: dict[Node, list[list[Term]]] = {}

    def add(self, ans: Node, group: list[Term]) -> None:
        """Note which of these terms of a sum can be computed together."""
        if ans in self.written:
            return
        usable = [term for term in group if all(arg in self.rows or self.is_writable(arg) for arg in term.varied)]
        longest = MOST // max(arg.value.size for arg in group[0].varied)
        for run in runs_of(self.order(usable), self.is_next, longest):
            for operand in zip(*[term.varied for term in run]):
                if self.rows.keys().isdisjoint(operand) and len(set(operand)) == len(operand):
                    self.allocate(operand)
            placed = [term for term in run if all(arg in self.rows for arg in term.varied)]
            if found := runs_of(placed, self.is_next, longest):
                self.runs.setdefault(ans, []).extend(found)

    def order(self, terms: list[Term]) -> list[Term]:
        """The terms in the order of places that operands have, or else of the operands that were made first."""
        if not terms:
            return []
        operands = list(zip(*[term.varied for term in terms]))
        counts = [sum(arg in self.rows for arg in operand) for operand in operands]
        if not max(counts):
            return sorted(terms, key=lambda term: min(self.numbers[arg] for arg in term.varied))
        return sorted(terms, key=lambda term: self.key(term.varied[counts.index(max(counts))]))

    def key(self, arg: Node) -> tuple:
        if arg not in self.rows:
            return math.inf, self.numbers[arg]
        row = self.rows[arg]
        return self.bases.setdefault(row.base, len(self.bases)), row.place

    def is_next(self, term: Term, following: Term) -> bool:
        """Whether each operand of a term is, or can be put, in the row below that of another."""
        for arg, other in zip(term.varied, following.varied):
            row, below = self.rows.get(arg), self.rows.get(other)
            if (row is None) != (below is None) or row and (row.base, row.place + 1) != (below.base, below.place):
                return False
        return True

    def is_writable(self, step: Node) -> bool:
        """Whether a step can write its result into a row of a stack."""
        return (
            takes_buffer(step)
            and len(step.args) == calls.out_position(step.function)
            and step.function not in (calls.copy, calls.empty, calls.like)  # which others write into
            and step not in self.kept
            and step not in self.runs
        )

    def allocate(self, values: Iterable[Node]) -> None:
        """Make a stack for these values."""
        values = list(values)
        stack = make_stack(len(values), values[0].value)
        self.stacks.append(stack)
        for i, each in enumerate(values):
            self.written[each] = stack, i
            self.rows[each] = Row(stack, i, self.numbers[each])

    def rewrite(self, sums: dict[Node, list[Term]]) -> Program:
        """The program with stacks that are written row by row, and products of them."""
        new: dict[Node, Node] = {}
        steps = list(self.stacks)
        unchecked: list[Node] = []
        for step in self.program.steps:
            if unchecked and (step.kind != "call" or may_raise(step)):
                steps += check(unchecked)
                unchecked = []
            moved = step.rewire(new)
            if step in self.runs:
                new[step] = self.compute(step, sums[step], new, steps)
                unchecked.append(new[step])
                continue
            if step in self.written:
                *before, moved = write_row(moved, *self.written[step])
                steps += before
            if moved is not step:
                new[step] = moved
            steps.append(moved)
        return Program(self.program.inputs, [*steps, *check(unchecked)], relabel(self.program.outputs, new))

    def compute(self, ans: Node, terms: list[Term], new: dict[Node, Node], steps: list[Node]) -> Node:
        """The steps for a sum whose runs of terms are computed together."""
        write = Writer(ans, self.rows, new, steps)
        together = {term for run in self.runs[ans] for term in run}
        parts = [self.product(run, write) for run in self.runs[ans]]
        parts += [new.get(term.step, term.step) for term in terms if term not in together]
        total = parts[0]
        for part in parts[1:]:
            total = write.call(np.add, (total, part), ans.value.shape, ans.value.dtype)
        return total

    def product(self, run: list[Term], write: Writer) -> Node:
        """The sum of a run of terms."""
        x, *rest = [write.rows(values) for values in zip(*[term.varied for term in run])]
        value, form = run[0].step.value, run[0].form
        if form is OUTER:
            x, y = write.flat(x), write.flat(rest[0])
            x = write.call(calls.transpose, (x, (1, 0)), x.value.shape[::-1], value.dtype)
            return write.call(np.dot, (x, y), value.shape, value.dtype)
        if form is WEIGHTED:
            weights = literal(np.tile(value_of(run[0].shared), len(run)))
            return write.call(np.dot, (weights, write.flat(x)), value.shape, value.dtype)
        if form is PRODUCTS:
            x = write.call(np.multiply, (x, *rest), x.value.shape, value.dtype)
        ones = literal(np.ones(len(run), value.dtype))
        total = write.call(np.dot, (ones, write.reshape(x, (len(run), value.size))), (value.size,), value.dtype)
        return write.reshape(total, value.shape)
