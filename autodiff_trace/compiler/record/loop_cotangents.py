"""Loops in reverse mode: one that also keeps what the derivative reads of each turn, and one that goes back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from ...core.array_ops import array_ops, owning
from ...core.backward import backward_pass
from ...core.cotangents import add_cotangents
from ...core.reverse import VJPTrace, trace_vjp
from ...core.selections import Selected, settle
from ...numpy import wrapped as anp
from ...transforms.steps import record_step
from ..ir.loop import Loop
from ..ir.node import Node, Program, operands, relabel
from .bodies import NotRolled, example_of, has_rows, input_like, normal, record_rule, zero_like
from .loops import bind, inputs_of_turn, make_loop, mask_of, rules, run_body, unrolled, with_mask

__all__: list[str] = []

MOST_BYTES, MOST_BYTES_OF_CARRY = 2**26, 2**28
"""What a loop may keep for its backward pass; of what is more the carries alone, from which the rest is computed again.
Where these are too many it is done block by block (``transforms/loops``)."""


def pull(trace: VJPTrace, loop: Loop, args: list) -> list:
    values, nodes = zip(*[trace.unbox(arg) for arg in args])
    examples = list(map(example_of, inputs_of_turn(values, loop.carried, loop.own)))
    back = Backward(loop, examples, nodes)
    outputs = bind(back.forward, values)
    stacks = outputs[loop.kept:back.forward.kept]
    outputs[loop.kept:back.forward.kept] = []
    likes = list(map(array_ops.shape_only, outputs))

    def pull_back(gs):
        unread = {i for i, g in enumerate(gs[:loop.kept]) if g is None and back.inexact[loop.carried + i]}
        is_masked = [type(g) is Selected for g in gs]
        if not unread and not any(is_masked[:loop.kept]) and all(
            back.masked.get(i) for i, each in enumerate(is_masked[loop.kept:]) if each
        ):
            return back.run(gs, likes, values, stacks)
        try:
            other = Backward(loop, examples, nodes, unread, any(is_masked))
            # Once more forward: what is kept may differ.
            kept = bind(other.forward, values)[loop.kept:other.forward.kept]
            return other.run(gs, likes, values, kept)
        except NotRolled:
            return pull_unrolled(loop, values, nodes, gs)

    return record_step(trace, outputs, [node for node in nodes if node is not None], pull_back, "scan",
                       takes_selected=True)


rules[VJPTrace] = pull


def pull_unrolled(loop: Loop, values: Sequence, nodes: Sequence, gs: list) -> list:
    """The cotangents of a loop, turn by turn: selected ones of single turns keep their masks."""
    followed = [i for i, node in enumerate(nodes) if node is not None]

    def again(*boxes):
        leaves = list(values)
        for i, box in zip(followed, boxes):
            leaves[i] = box
        return unrolled(loop, leaves)

    _, ends, inputs = trace_vjp(again, [values[i] for i in followed])
    seeds = [(node, g) for node, g in zip(ends, gs) if node is not None and g is not None]
    return backward_pass(seeds, inputs, keeps_selected=True)


class Backward:
    """The loop that goes back through another.

    It carries the cotangents of what that carries, and the sums of those of what is the same in all turns; each turn
    has of its own what that had, what that has kept (``forward`` is the loop that keeps it), and the cotangents of what
    it gave, except for those ``unread``: a zero is no cotangent where a slope is infinite. Selected cotangents go with
    their masks behind them; with ``takes_masks`` those of all outputs may be selected.
    """

    def __init__(
        self, loop: Loop, examples: list, nodes: Sequence, unread: Collection[int] = (), takes_masks: bool = False,
    ) -> None:
        self.loop, self.nodes, self.takes_masks = loop, nodes, takes_masks
        self.end = loop.carried + loop.own
        self.examples = examples
        outs = loop.body.outputs[:loop.carried + loop.kept]
        self.inexact = [is_inexact(each) and i - loop.carried not in unread for i, each in enumerate(outs)]
        self.carries = [i for i in range(loop.carried) if self.inexact[i]]
        self.followed = [*self.carries, *(i for i in range(loop.carried, len(nodes)) if nodes[i] is not None)]
        self.totals = [i for i in self.followed if i >= self.end]
        self.rows = [i for i in self.followed if loop.carried <= i < self.end]
        self.masked = dict.fromkeys(self.followed, False)
        if takes_masks or sum(self.inexact) > 1:  # what has no cotangent, since nothing reads the last, is not selected
            self.masked.update(dict.fromkeys(self.carries, True))
        g_rows = [np.ones(each.spec.shape, dtype)[()] for i, each in enumerate(outs)
                  if i >= loop.carried and self.inexact[i]
                  for dtype in ([each.spec.dtype, bool] if takes_masks else [each.spec.dtype])]
        before = None
        while before != self.masked:  # until no more of what is carried has a mask
            before = dict(self.masked)
            gs = self.with_masks({i: normal(examples[i]) for i in (*self.carries, *self.totals)})
            joint = record_rule(self.turn, [*examples, *gs, *g_rows])
        self.divide(joint, len(gs))

    def with_masks(self, gs: dict[int, Any]) -> list:
        """Cotangents of these places (None is zero), with masks behind those that have some."""
        return [leaf for leaf, _ in self.leaves_of(gs)]

    def leaves_of(self, gs: dict[int, Any]) -> Iterator[tuple[Any, bool]]:
        """The same, and which of them are arrays that nobody else has: zeros, and masks of what is not selected."""
        for i, g in gs.items():
            like = self.examples[i]
            yield normal(zero_like(like) if g is None else settle(g)), g is None
            if self.masked[i]:
                yield normal(mask_of(g, like)), type(g) is not Selected

    def selected(self, places: list[int], leaves: Iterator) -> dict[int, Any]:
        """The cotangents that :meth:`with_masks` has written."""
        return {i: with_mask(next(leaves), next(leaves)) if self.masked[i] else next(leaves) for i in places}

    def turn(self, *boxes: Any) -> list:
        """What a turn gives, and the cotangents of what it has."""
        xs, rest = boxes[:len(self.examples)], iter(boxes[len(self.examples):])
        gs, totals = self.selected(self.carries, rest), self.selected(self.totals, rest)
        for i in range(self.loop.carried, len(self.inexact)):
            if self.inexact[i]:
                gs[i] = with_mask(next(rest), next(rest)) if self.takes_masks else next(rest)

        def run(*inputs):
            leaves = list(xs)
            for i, box in zip(self.followed, inputs):
                leaves[i] = box
            return run_body(self.loop, leaves)

        outputs, ends, inputs = trace_vjp(run, [xs[i] for i in self.followed])
        seeds = [(node, gs[i]) for i, node in enumerate(ends) if node is not None and i in gs]
        ends = dict(zip(self.followed, inputs))
        # Items that were read, which have masks, are added to the sum in place.
        seeds += [(ends[i], total) for i, total in totals.items() if self.masked[i]]
        found = dict(zip(self.followed, backward_pass(seeds, inputs, keeps_selected=True)))
        for i, total in totals.items():
            if not self.masked[i] and type(found[i]) is not Selected:
                found[i] = total if found[i] is None else add_cotangents(total, found[i])
        self.masked.update((i, True) for i, g in found.items() if type(g) is Selected)
        self.masked.update((i, True) for i in self.carries if found[i] is None)  # nor is what no turn reads
        return [*outputs, *self.with_masks({i: found[i] for i in (*self.carries, *self.totals, *self.rows)})]

    def divide(self, joint: Program, carried: int) -> None:
        """Make the loops: the steps of ``joint`` that cotangents reach are in the one that goes back."""
        loop, count = self.loop, len(self.examples)
        inputs, gs, g_rows = joint.inputs[:count], joint.inputs[count:count + carried], joint.inputs[count + carried:]
        outputs, answers = joint.outputs[:len(self.inexact)], joint.outputs[len(self.inexact):]
        rows, same = inputs[loop.carried:self.end], inputs[self.end:]
        late = users_of(joint, {*gs, *g_rows})
        once = {step for step in joint.steps if step not in users_of(joint, {*gs, *g_rows, *inputs[:self.end]})}
        for keeps_all in (True, False):
            kept: dict[Node, None] = {}
            again: set[Node] = set()  # what the loop that goes back computes, perhaps for a second time
            wanted = [*answers]
            while wanted:
                node = wanted.pop()
                if node.kind == "constant" or node in again or node in kept or node in same or node in rows:
                    continue
                is_early = node not in late and node not in once and has_rows(node)
                if is_early and (keeps_all or node.kind == "input"):
                    kept[node] = None
                else:
                    again.add(node)
                    wanted += operands(node)
            nbytes = loop.turns * sum(node.spec.nbytes for node in kept)
            if nbytes <= (MOST_BYTES if keeps_all else MOST_BYTES_OF_CARRY):
                break
        else:
            raise NotRolled
        again.difference_update(joint.inputs)
        forward = Program(inputs, needed_steps(joint.steps, [*outputs, *kept]), [*outputs, *kept])
        self.forward = make_loop(loop.turns, forward, loop.carried, loop.own)
        new = {node: input_like(node) for node in (*gs, *rows, *kept, *g_rows, *same)}
        new_inputs = list(new.values())
        steps = []
        for step in joint.steps:
            if step in again:
                new[step] = step.relabelled(new)
                steps.append(new[step])
        backward = Program(new_inputs, steps, relabel(answers, new))
        self.backward = make_loop(loop.turns, backward, carried, len(rows) + len(kept) + len(g_rows))

    def cotangents_of_rows(self, gs: list, likes: list) -> Iterator[Any]:
        """Those of what each turn gave, with their masks behind them if this loop takes some."""
        for g, like, is_followed in zip(gs, likes, self.inexact[self.loop.carried:]):
            if is_followed:
                yield zero_like(like) if g is None else settle(g)
                if self.takes_masks:
                    yield g.mask() if type(g) is Selected else np.full(like.shape, g is not None)

    def run(self, gs: list, likes: list, values: Sequence, stacks: list) -> list:
        """The cotangents of the values, from those of the outputs and what was kept."""
        loop = self.loop
        last = dict(enumerate(gs[loop.kept:]))
        ends = list(self.leaves_of({**{i: last[i] for i in self.carries}, **dict.fromkeys(self.totals)}))
        own = [leaf for leaf, is_own in ends if is_own and type(leaf) is np.ndarray]
        rows = [*values[loop.carried:self.end], *stacks, *self.cotangents_of_rows(gs[:loop.kept], likes)]
        with owning(own):
            outputs = bind(self.backward, [
                *(leaf for leaf, _ in ends), *(anp.flip(x, 0) for x in rows), *values[self.end:]])
        kept = self.backward.kept
        found = self.selected(self.rows, iter([anp.flip(g, 0) for g in outputs[:kept]]))
        rest = iter(outputs[kept:])
        found.update(self.selected(self.carries, rest))
        found.update(self.selected(self.totals, rest))
        return [found.get(i) for i, node in enumerate(self.nodes) if node is not None]


def is_inexact(node: Node) -> bool:
    return node.spec.dtype is not None and node.spec.dtype.kind in "fc"


def users_of(program: Program, found: set[Node]) -> set[Node]:
    """These values, and all that depends on them."""
    for step in program.steps:
        if not found.isdisjoint(operands(step)):
            found.add(step)
    return found


def needed_steps(steps: list[Node], outputs: list) -> list[Node]:
    """The steps that these outputs need."""
    needed = set(outputs)
    found = []
    for step in reversed(steps):
        if step in needed:
            found.append(step)
            needed.update(operands(step))
    return found[::-1]
