"""Fission: what a turn of a loop computes without waiting for the turn before, or without that the next one waits for
it, is computed for all turns at once, by the batching rules of the primitives.

    for x in xs:                             xs2 = w @ xs            (ahead of the loop)
        c = tanh(c + w @ x)         →        for x2 in xs2: c = tanh(c + x2)
        loss = loss + c**2                   loss = loss + sum(cs**2)         (behind it)
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from ...core.array_ops import owning
from ...core.batching import BatchTrace
from ...core.tracer import boxers
from ...core.traits import traits_of
from ...numpy import wrapped as anp
from ..ir.evaluation import evaluate
from ..ir.loop import Loop, as_range
from ..ir.node import Node, Program, operands, relabel
from .bodies import NotRolled, constant, example_of, has_rows, input_like
from .counters import find_counters, read_range

__all__ = ["run_in_parts"]

MOST_BYTES, MOST_BYTES_OF_ROW = 2**26, 2**16
"""Of what is computed for all turns at once, and of one turn of that: large arrays had better stay in cache."""

MOST_BYTES_OF_SUM = 2**22
"""Of the terms of a sum."""


class RowsTrace(BatchTrace):
    """Computes steps for all turns. Primitives without a batching rule are not called for each.

    ``counters`` are arrays of places, by their ids; items at places that form a range are a slice.
    """

    def __init__(self, size: int, counters: list) -> None:
        super().__init__(size)
        self.ranges = {id(array): as_range(array.tolist()) for array in counters}

    def process(self, prim, args, kwargs):
        if prim is anp.getitem:
            (x, index), (is_mapped, _) = zip(*map(self.unbox, args))
            parts = index if type(index) is tuple else (index,)
            ranges = [places for part in parts if (places := self.ranges.get(id(part)))]
            rows = read_range(x, index, ranges[0]) if ranges and not is_mapped else None
            if rows is not None:
                return self.box(rows, True)
        return super().process(prim, args, kwargs)

    process_general = process

    def call_for_each(self, batch, prim, args, kwargs):
        raise NotRolled


def run_in_parts(loop: Loop, args: Sequence, bind: Callable) -> list:
    """What a loop gives, where ``bind(loop, args)`` runs what is left of it. Raises NotRolled if nothing can be taken
    out of it."""
    return Parts(loop, args).run(args, bind)


class Parts:
    """The steps of a loop that stand ahead of it, in it and behind it."""

    def __init__(self, loop: Loop, args: Sequence) -> None:
        self.loop = loop
        body, steps = loop.body, loop.body.steps
        self.carried = body.inputs[:loop.carried]
        self.onward = body.outputs[:loop.carried]
        self.counters = find_counters(loop, args)
        self.sums = self.find_sums()
        reads = {step for step in steps if self.is_read(step)}
        moved = {step for step in steps if can_move(step, self.counters)} - {self.onward[i] for i in self.sums}
        self.divide(reads | moved)
        moved_bytes = sum([step.spec.nbytes for step in (*self.ahead, *self.behind)])
        if loop.turns * moved_bytes > MOST_BYTES:
            self.sums = {}
            self.divide(reads)
        if not (self.ahead or self.behind or self.sums):
            raise NotRolled

    def is_read(self, step: Node) -> bool:
        """Whether a step takes items, at known places, of something that is the same in all turns."""
        same = self.loop.body.inputs[self.loop.carried + self.loop.own:]
        if step.function is not anp.getitem or step.args[0] not in same or not has_rows(step):
            return False
        places = operands(step)[1:]
        return bool(places) and all(each in self.counters for each in places)

    def divide(self, moved: set[Node]) -> None:
        """Say where each step stands, of which these may stand ahead of the loop or behind it."""
        steps, counters = self.loop.body.steps, self.counters
        waiting = {*self.carried, *(step for step in steps if step not in moved and step not in counters)}
        for step in steps:
            if not waiting.isdisjoint(operands(step)):
                waiting.add(step)
        self.ahead = [step for step in steps if step in moved and step not in waiting]
        self.kept = [i for i in range(self.loop.carried) if i not in self.sums]
        sums = {self.onward[i] for i in self.sums}
        needed = {self.onward[i] for i in self.kept}
        needed.update(step for step in steps if step not in moved and step not in counters and step not in sums)
        for step in reversed(steps):
            if step in needed and (step in waiting or step in counters):
                needed.update(operands(step))
        self.core = [step for step in steps if step in needed and (step in waiting or step in counters)]
        self.behind = [step for step in steps if step in waiting and step not in needed and step not in sums]

    def find_sums(self) -> dict[int, Node]:
        """The terms of what is carried as a sum over all turns, of which nothing else is read."""
        found = {}
        loop, users = self.loop, self.loop.body.users
        others = [*self.onward, *loop.body.outputs[loop.carried:loop.carried + loop.kept]]
        for i, (before, after) in enumerate(zip(self.carried, self.onward)):
            if type(after) is not Node or after.function is not anp.add or after.kwargs or len(after.args) != 2:
                continue
            terms = [arg for arg in after.args if arg is not before]
            if len(terms) != 1 or users[before] != [after] or after in users or others.count(after) != 1:
                continue
            term = terms[0]
            is_alike = type(term) is Node and term.kind != "constant" and has_rows(term) and before not in others
            if is_alike and term.spec.shape == after.spec.shape and term.spec.dtype == after.spec.dtype:
                if loop.turns * term.spec.nbytes <= MOST_BYTES_OF_SUM and after.spec.dtype.kind in "fc":
                    found[i] = term
        return found

    def run(self, args: Sequence, bind: Callable) -> list:
        loop, body = self.loop, self.loop.body
        end = loop.carried + loop.own
        self.rows = dict(zip(body.inputs[loop.carried:], [
            *[(x, True) for x in args[loop.carried:end]], *[(x, False) for x in args[end:]]]))
        read = {operand for step in (*self.ahead, *self.behind) for operand in operands(step)}
        self.places = {node: np.array(numbers) for node, numbers in self.counters.items() if node in read}
        self.rows.update((node, (array, True)) for node, array in self.places.items())
        ys = body.outputs[loop.carried:loop.carried + loop.kept]
        wanted = [each for each in [*ys, *self.sums.values()] if type(each) is Node]
        later = {operand for step in (*self.core, *self.behind) for operand in operands(step)}
        later.update(wanted, [each for each in self.onward if type(each) is Node])
        self.map(self.ahead, [step for step in self.ahead if step in later])
        last = self.run_core(args, {*wanted, *(operand for step in self.behind for operand in operands(step))}, bind)
        self.map(self.behind, [step for step in self.behind if step in wanted])
        for i, term in self.sums.items():
            x, is_mapped = self.rows[term]
            last[i] = args[i] + (anp.sum(x, 0) if is_mapped else loop.turns * x)
        return [*map(self.stacked, ys), *[last[i] for i in range(loop.carried)]]

    def run_core(self, args: Sequence, wanted: set[Node], bind: Callable) -> dict[int, Any]:
        """Run the loop that is left; the last values of what it carries."""
        if not self.kept and not self.core:
            return {}
        onward = [self.onward[i] for i in self.kept]
        used = dict.fromkeys([operand for step in self.core for operand in operands(step)])
        used.update(dict.fromkeys(each for each in onward if type(each) is Node))
        used = [node for node in used if node in self.rows and node not in self.places]
        inputs = [self.carried[i] for i in self.kept]
        own, same = ([node for node in used if self.rows[node][1] is each] for each in (True, False))
        new = {node: input_like(node) for node in (*inputs, *own, *same)}
        program_inputs = list(new.values())
        steps = []
        for step in self.core:
            new[step] = step.relabelled(new)
            steps.append(new[step])
        kept = [node for node in (*inputs, *self.core) if node in wanted and node not in self.places]
        carried = relabel(onward, new)
        program = Program(program_inputs, steps, [*carried, *relabel(kept, new), *carried])
        rest = Loop(self.loop.turns, program, len(inputs), len(own), len(kept))
        outputs = bind(rest, [*[args[i] for i in self.kept], *[self.rows[node][0] for node in (*own, *same)]])
        self.rows.update(zip(kept, [(x, True) for x in outputs]))
        return dict(zip(self.kept, outputs[len(kept):]))

    def map(self, steps: list[Node], wanted: list[Node]) -> None:
        """Compute steps for all turns."""
        if not steps:
            return
        inputs = list(dict.fromkeys(
            operand for step in steps for operand in operands(step) if operand in self.rows))
        program = Program(inputs, steps, wanted)
        places = list(self.places.values())
        trace = RowsTrace(self.loop.turns, places)
        leaves = [boxers[type(x)](x, trace, True) if each else x for x, each in map(self.rows.__getitem__, inputs)]
        with owning(places):
            values, nodes = trace.run(lambda *boxes: evaluate(program, boxes, constant, call), leaves)
        if any(example_of(x).dtype != node.spec.dtype for x, node in zip(values, wanted)):
            raise NotRolled  # numbers and arrays of them meet other dtypes in different ways
        self.rows.update(zip(wanted, zip(values, [node is not None for node in nodes])))

    def stacked(self, node: Any) -> Any:
        x, is_mapped = self.rows[node] if node in self.rows else (constant(node), False)
        return x if is_mapped else anp.stack([x] * self.loop.turns)


def call(function: Callable, args: list, kwargs: dict) -> Any:
    return function(*args, **kwargs)


def can_move(step: Node, counters: Container) -> bool:
    """Whether a step can be computed for all turns at once."""
    traits = traits_of(step.function)
    if traits.batching is None and (not traits.elementwise or traits.is_users or step.kwargs):
        return False
    is_small = step.spec.nbytes <= MOST_BYTES_OF_ROW
    takes_places = step.function is anp.getitem
    return is_small and has_rows(step) and all(
        has_rows(each) or takes_places and each in counters for each in operands(step))
