"""Horizontal batching: many calls of one function, on rows of arrays, become one call on the arrays.

``xs[i] @ W`` for many i is ``xs @ W``, whose rows are read. So it is with the slopes ``cos(u)`` of a chain of
functions: the u are written one below the other in one array, and the slopes are rows of one result, for other calls to
read. A call takes 0.2 µs and more, however small its array is, and larger products make more of the processor (1.3
instead of 3.7 µs for each 16 × 64 by 64 × 64).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, Program, operands, relabel
from ..ir.spec import Spec
from ..rewrite.dce import may_raise, remove_dead_code
from ..rewrite.finite import check
from .batched_forms import call_batched, is_batchable
from .like_calls import LikeCalls
from .rows import FEWEST, LARGEST, Row, Rows, Writer
from .sums_of_rows import Part, Planner, find_sums, is_matrix_product

__all__ = ["batch_calls"]

OPEN_SETS = 4
"""Sets of like calls that are looked at for one more: loops have a few kinds of them."""


def batch_calls(program: Program, trusting: bool = True) -> Program:
    """The program with one call for each group of calls that can be made at the same time; ``trusting`` that all is
    finite, with one product for a long sum of what is made for each turn."""
    if len(program.steps) < FEWEST:
        return program
    batching = Batching(program)
    sums, adds = find_sums(program) if trusting else ({}, set())
    products = {term for terms in sums.values() for term in terms if is_matrix_product(term)}
    batching.form_groups(adds | products)
    batching.plan_sums(sums, products)
    return remove_dead_code(batching.rewrite(sums)) if batching.groups or batching.parts else program


class Batching:
    """Groups of calls, and sums, that are computed at once; ``places`` are those of the operands that are rows."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.rows = Rows(program)
        self.like_calls = LikeCalls(self.rows)
        self.groups: dict[Node, tuple[list[Node], tuple[int, ...]]] = {}  # by the first member
        self.parts: dict[Node, list[Part]] = {}  # of sums

    def form_groups(self, others: set[Node]) -> None:
        """Group the calls but for ``others``, in the order of the program, so that operands come first, as a rule; then
        those that use rows which were found later."""
        candidates: dict[Node, tuple] = {}  # nothing is computed before a guard that stood before it
        guards = 0
        functions = {id(step.function): step.function for step in self.program.steps if step.kind == "call"}
        batchable = {key for key, each in functions.items() if is_batchable(each) and each not in calls.VIEWS}
        for step in self.program.steps:
            guards += step.kind != "call"
            if id(step.function) not in batchable or step in others or step in self.program.kept:
                continue
            if spec := small_spec(step):
                made_by = tuple([id(x.function) if type(x) is Node else None for x in step.args])
                candidates[step] = guards, step.function, spec.shape, spec.dtype, made_by
        pending = list(candidates)
        while pending:
            before = set(self.rows.made)
            buckets: dict[Any, list[Node]] = {}
            for step in pending:
                buckets.setdefault(candidates[step], []).append(step)
            for steps in buckets.values():
                for ready in self.sets_ready(steps) if len(steps) >= FEWEST else ():
                    self.group(ready)
            users = {user for row in self.rows.made if row not in before for user in self.program.users.get(row, ())}
            users = users.intersection(candidates).difference(self.rows.made)
            pending = sorted(users, key=self.rows.numbers.__getitem__)

    def group(self, ready: list[Node]) -> None:
        """Group calls that can be made at the same time: each run of rows is one, in the place of its first member."""
        for places, family in self.like_calls.families(ready, LARGEST):
            for run in self.rows.runs([each for each in family if each.step not in self.rows.made]):
                members = [each.step for each in run]
                first = min(members, key=self.rows.numbers.__getitem__)
                self.groups[first] = members, places
                for i, step in enumerate(members):
                    self.rows.made[step] = Row(first, i, self.rows.numbers[first])

    def sets_ready(self, steps: list[Node]) -> list[list[Node]]:
        """Sets of calls whose operands are there when the first of the set is made."""
        found: list[list[Node]] = []
        open_sets: list[list[Node]] = []
        numbers, when = self.rows.numbers, self.rows.when
        for step in steps:
            made = max(map(when, operands(step)), default=-1)
            for each in open_sets:
                if made < numbers[each[0]]:
                    each.append(step)
                    break
            else:
                if len(open_sets) == OPEN_SETS:
                    open_sets.remove(min(open_sets, key=len))
                open_sets.append([step])
                found.append(open_sets[-1])
        return [each for each in found if len(each) >= FEWEST]

    def plan_sums(self, sums: dict[Node, list[Node]], products: set[Node]) -> None:
        """Products of pairs first, since one of the two may have a place already, and longer sums first."""
        planner = Planner(self.program, self.like_calls)
        placed = {ans: sum([all(map(self.rows.can_place, term.args)) for term in terms if term in products])
                  for ans, terms in sums.items()}
        for ans, terms in sorted(sums.items(), key=lambda item: (-placed[item[0]], -len(item[1]))):
            if ans not in self.rows.made and (parts := planner.plan(terms, ans.errstate)):
                self.parts[ans] = parts
                self.rows.kept.add(ans)

    def rewrite(self, sums: dict[Node, list[Node]]) -> Program:
        """The program with one call for each group, and for each part of a sum."""
        new: dict[Node, Node] = {}
        steps = list(dict.fromkeys(self.rows.stacks.values()))
        unchecked: list[Node] = []
        for step in self.program.steps:
            if unchecked and (step.kind != "call" or may_raise(step)):
                steps += check(unchecked)
                unchecked = []
            if step not in self.rows.made and step not in self.parts:
                if not new.keys().isdisjoint(operands(step)):
                    new[step] = step.relabelled(new)  # the steps of the program stay, to be looked at
                steps.append(new.get(step, step))
                continue
            write = Writer(step, self.rows, new, steps)
            if step in self.groups:
                group, places = self.groups[step]
                self.rows.arrays[step] = together = call_batched(group, places, write)
                for i, each in enumerate(group):
                    new[each] = write.add(calls.getitem, (together, i), each.spec)
            elif step in self.parts:
                new[step] = self.add_up(step, sums[step], write)
                unchecked.append(new[step])
            elif step in self.rows.stacks:
                self.fill_row(step, write)
        return Program(self.program.inputs, [*steps, *check(unchecked)], relabel(self.program.outputs, new))

    def add_up(self, ans: Node, terms: list[Node], write: Writer) -> Node:
        """The sum of its parts, and of the terms that are in none."""
        covered = {term for part in self.parts[ans] for term in part.terms}
        total, *others = [part.write(write) for part in self.parts[ans]]
        for other in (*others, *[write.new.get(term, term) for term in terms if term not in covered]):
            total = write.call(np.add, (total, other), ans.spec.shape, ans.spec.dtype)
        return total

    def fill_row(self, step: Node, write: Writer) -> None:
        """Let a step write its result into its row of a stack."""
        stack, place, _ = self.rows.made[step]
        row = write.add(calls.getitem, (stack, place), step.spec)
        filled = write.add(step.function, (*relabel(step.args, write.new), row), step.spec)
        write.new[step] = write.add(calls.after, (row, filled), step.spec)


def small_spec(step: Node) -> Spec | None:
    """What a step gives, if it is a call on small arrays."""
    if step.kind != "call" or step.kwargs:
        return None
    spec = step.spec
    return spec if spec.is_array and 0 < spec.size <= LARGEST and spec.ndim > 0 and spec.is_contiguous else None
