"""Sums of rows: a long sum of what steps give for each turn is one product.

The gradient of a weight that is used in each step of a loop is one, Σ xₜᵀ gₜ: one product of all rows of the x and
all rows of the g. (50 products of 64 × 16 by 16 × 64, and their sum, take 190 µs, one of 64 × 800 by 800 × 64 takes
73.) The sum of a linear function of rows is the function of the sum, and that is ones @ rows. It differs in rounding;
where it overflows on the way, which is checked before anything can tell, the sum in the order of the program may not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, is_fixed, literal, relabel
from ..rewrite.cse import identify
from .batched_forms import call_batched, has_batched_form
from .rows import FEWEST, LARGEST, Member, Rows, Writer

__all__ = ["Part", "Planner", "find_sums", "is_matrix_product"]

LINEAR = (np.negative, np.multiply, np.dot, calls.transpose, calls.reshape)
"""Functions that are linear in each operand."""

DEEPEST = 4
"""Linear functions of linear functions that are taken apart."""


class Part(NamedTuple):
    """Some terms of a sum, by their numbers, and what writes the steps that add them up."""

    terms: list[int]
    write: Callable[[Writer], Node]


def find_sums(program: Program) -> tuple[dict[Node, list[Node]], set[Node]]:
    """The terms of each sum of several arrays of one shape, by the step that adds the last; and all that add."""
    adds = {step for step in program.steps if step.function is np.add and is_sum(step)}
    if len(adds) < FEWEST - 1:
        return {}, set()
    inner = {
        step for step in adds
        if (user := only_user(program, step)) in adds and user.errstate == step.errstate
    }
    sums = {}
    for step in program.steps:
        if step in adds and step not in inner:
            terms, pending = [], list(step.args)
            while pending:
                arg = pending.pop()
                if arg in inner:
                    pending += arg.args
                else:
                    terms.append(arg)
            if len(terms) >= FEWEST:
                sums[step] = terms
    return sums, inner.union(sums)


def is_sum(step: Node) -> bool:
    """Whether a step adds two arrays of one shape and dtype."""
    if step.kind != "call" or len(step.args) != 2 or step.kwargs:
        return False
    spec = step.spec
    return spec.is_array and spec.dtype.kind in "fc" and spec.size > 0 and all(
        [type(arg) is Node and arg.spec.is_array and arg.spec.dtype == spec.dtype and arg.spec.shape == spec.shape
         for arg in step.args]
    )


def only_user(program: Program, step: Node) -> Node | None:
    """The one step that uses a value, if it is no output."""
    users = program.users.get(step, ())
    return users[0] if len(users) == 1 and step not in program.kept else None


def is_matrix_product(step: Node) -> bool:
    """Whether a step is a product of two matrices that are no constants."""
    return step.kind == "call" and step.function is np.dot and len(step.args) == 2 and not step.kwargs and all(
        [type(x) is Node and not is_fixed(x) and x.spec.ndim == 2 and x.spec.dtype == step.spec.dtype
         for x in step.args]
    )


class Planner:
    """Says which terms of sums are added up together."""

    def __init__(self, program: Program, rows: Rows) -> None:
        self.program = program
        self.rows = rows

    def plan(self, terms: list[Node], errstate: Any, depth: int = DEEPEST) -> list[Part]:
        """The parts of a sum that are one product each; what is in none of them is added as it is."""
        groups: dict[Any, list[int]] = {}
        for i, term in enumerate(terms):
            groups.setdefault(self.kind(term, errstate) if depth else None, []).append(i)
        left = set(groups.pop(None, ()))
        parts: list[Part] = []
        for group in sorted(groups.values(), key=len, reverse=True):
            found = self.plan_group(terms, group, errstate, depth) if len(group) >= FEWEST else []
            parts += found
            left.update(set(group).difference(*[part.terms for part in found]))
        return parts + self.parts(terms, sorted(left), lambda term: (term,), write_rows)

    def kind(self, term: Node, errstate: Any) -> Any:
        """What terms have in common that are taken apart together; None of what is needed otherwise."""
        if term.kind != "call" or term.kwargs or term.errstate != errstate or only_user(self.program, term) is None:
            return None
        args = tuple([(arg.spec.shape, arg.spec.dtype) if type(arg) is Node else identify(arg) for arg in term.args])
        return term.function, term.spec.shape, args

    def plan_group(self, terms: list[Node], group: list[int], errstate: Any, depth: int) -> list[Part]:
        """The parts among terms that call the same function."""
        step = terms[group[0]]
        columns = list(zip(*[terms[i].args for i in group]))
        places = [p for p, column in enumerate(columns) if type(column[0]) is Node and len(set(column)) > 1]
        varied = tuple([step.args[p] for p in places])
        if not varied or any([not x.spec.ndim or x.spec.dtype != step.spec.dtype for x in varied]):
            return []
        if len(places) == 1 and step.function in LINEAR:
            inner = self.plan([terms[i].args[places[0]] for i in group], errstate, depth - 1)
            return [
                Part([group[i] for i in part.terms], partial(write_linear, step, places[0], part.write))
                for part in inner
            ]
        if is_matrix_product(step):
            write = write_contraction
        elif step not in self.rows.made and has_batched_form(step, tuple(places)):
            write = partial(write_batched, places)
        else:
            return []
        return self.parts(terms, group, lambda term: tuple([term.args[p] for p in places]), write)

    def parts(self, terms: list[Node], group: list[int], get: Callable, write: Callable) -> list[Part]:
        """The parts of what ``get`` gives for each term of a group, for ``write`` to add up."""
        members = [Member(i, get(terms[i])) for i in group]
        runs = self.rows.runs([each for each in members if pays(terms[each.step], each.varied)])
        numbers = [[each.step for each in run] for run in runs]
        return [Part(run, partial(write, [terms[i] for i in run])) for run in numbers]


def pays(term: Node, varied: tuple[Node, ...]) -> bool:
    """Whether calls are what terms of this size cost; or else adding up the products."""
    size = sum([x.spec.size for x in varied])
    largest = max(2 * LARGEST, term.spec.size) if is_matrix_product(term) else len(varied) * LARGEST
    return size <= largest and all([x.spec.is_contiguous for x in varied if not is_matrix_product(term)])


def write_rows(values: list[Node], write: Writer) -> Node:
    """The sum of rows."""
    return sum_rows(write.rows(tuple(values)), values[0], write)


def sum_rows(x: Node, like: Node, write: Writer) -> Node:
    spec = like.spec
    ones = literal(np.ones(x.spec.shape[0], spec.dtype))
    total = write.call(np.dot, (ones, write.reshape(x, (x.spec.shape[0], spec.size))), (spec.size,), spec.dtype)
    return write.reshape(total, spec.shape)


def write_linear(step: Node, place: int, inner: Callable[[Writer], Node], write: Writer) -> Node:
    """The function of a sum, in the place of the sum of ``step`` and others like it."""
    x = inner(write)
    if step.function in calls.VIEWS:
        return write.view(step.function, x, step.args[1])
    args = relabel(step.args, write.new)
    return write.call(step.function, (*args[:place], x, *args[place + 1:]), step.spec.shape, step.spec.dtype)


def write_batched(places: list[int], steps: list[Node], write: Writer) -> Node:
    """The sum of what one call gives for all."""
    return sum_rows(call_batched(steps, places, write), steps[0], write)


def write_contraction(steps: list[Node], write: Writer) -> Node:
    """Σ xₜ yₜ, the product of the x side by side with the y one below the other."""
    xs, ys = zip(*[step.args for step in steps])
    first, shape = xs[0], xs[0].spec.shape
    if first.function is calls.transpose and all([x.function is calls.transpose for x in xs]):
        x = write.transpose(write.flat(write.rows(tuple([x.args[0] for x in xs]))))
    elif shape[1] == 1:
        x = write.transpose(write.reshape(write.rows(xs), (len(xs), shape[0])))
    else:
        x = write.view(calls.transpose, write.rows(xs), (1, 0, 2))
        x = write.reshape(x, (shape[0], len(xs) * shape[1]))
    y = write.flat(write.rows(ys))
    return write.call(np.dot, (x, y), steps[0].spec.shape, steps[0].spec.dtype)
