"""Sums of rows: a long sum of what steps give for each turn is one product.

The gradient of a weight that is used in each step of a loop is one, Σ xₜᵀ gₜ: one product of all rows of the x and
all rows of the g. (50 products of 64 × 16 by 16 × 64, and their sum, take 190 µs, one of 64 × 800 by 800 × 64 takes
73.) The sum of rows is ones @ rows. It differs in rounding; where it overflows on the way, which is checked before
anything can tell, the sum in the order of the program may not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, is_fixed, literal
from .batched_forms import call_batched, is_batchable
from .like_calls import LikeCalls
from .rows import FEWEST, LARGEST, MOST, Member, Writer

__all__ = ["Part", "Planner", "find_sums", "is_matrix_product"]

FEWEST_WRITTEN = 8
"""Terms that are written one below the other to be added up: with the check that the sum is finite it takes 2 µs."""


class Part(NamedTuple):
    """Some terms of a sum, and what writes the steps that add them up."""

    terms: list[Node]
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

    def __init__(self, program: Program, like_calls: LikeCalls) -> None:
        self.program = program
        self.like_calls = like_calls
        self.rows = like_calls.rows

    def plan(self, terms: list[Node], errstate: Any) -> list[Part]:
        """The parts of a sum that are one product each; what is in none of them is added as it is."""
        left = [term for term, count in Counter(terms).items() if count == 1]
        apart = [
            term for term in left if term.kind == "call" and not term.kwargs and term.errstate == errstate
            and is_batchable(term.function) and only_user(self.program, term) is not None
        ]
        parts: list[Part] = []
        for places, family in self.like_calls.families(apart, MOST):
            family = [each for each in family if each.step in left]
            found = self.plan_family(family, places, errstate) if len(family) >= FEWEST else []
            parts += found
            covered = {term for part in found for term in part.terms}
            left = [term for term in left if term not in covered]
        if len(left) < FEWEST_WRITTEN:
            left = [term for term in left if self.rows.find(term)]
        return parts + self.add_runs([Member(term, (term,)) for term in left], write_rows)

    def plan_family(self, family: list[Member], places: tuple[int, ...], errstate: Any) -> list[Part]:
        """The parts among terms that call the same function, of other operands at ``places``."""
        step = family[0].step
        if step.function is calls.transpose or step.function is calls.reshape:
            terms = {each.varied[0]: each.step for each in family}
            return [Part([terms[x] for x in part.terms], partial(write_view, step, part.write))
                    for part in self.plan(list(terms), errstate)]
        if is_matrix_product(step) and len(places) == 2:
            return self.add_runs(family, write_contraction)
        return self.add_runs(family, partial(write_batched, places)) if step not in self.rows.made else []

    def add_runs(self, members: list[Member], write: Callable[[list[Node], Writer], Node]) -> list[Part]:
        """The runs of these, for ``write`` to add up, if calls are what terms of this size cost, or else adding up the
        products."""
        if not members:
            return []
        term, varied = members[0]
        largest = len(varied) * LARGEST
        if write is write_contraction:
            largest = max(largest, term.spec.size)
        elif not term.spec.is_contiguous:
            return []
        if sum([x.spec.size for x in varied]) > largest:
            return []
        terms = [[each.step for each in run] for run in self.rows.runs(members)]
        return [Part(run, partial(write, run)) for run in terms]


def write_rows(values: list[Node], write: Writer) -> Node:
    """The sum of rows."""
    return sum_rows(write.rows(tuple(values)), values[0], write)


def sum_rows(x: Node, like: Node, write: Writer) -> Node:
    spec = like.spec
    ones = literal(np.ones(x.spec.shape[0], spec.dtype))
    total = write.call(np.dot, (ones, write.reshape(x, (x.spec.shape[0], spec.size))), (spec.size,), spec.dtype)
    return write.reshape(total, spec.shape)


def write_view(step: Node, inner: Callable[[Writer], Node], write: Writer) -> Node:
    """The view of a sum, in the place of the sum of views like ``step``."""
    return write.view(step.function, inner(write), step.args[1])


def write_batched(places: tuple[int, ...], steps: list[Node], write: Writer) -> Node:
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
