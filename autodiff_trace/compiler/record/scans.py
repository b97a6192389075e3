"""``scan`` under ``jit``: a loop whose body is recorded once. What a derivative, or a batch, makes of a loop is again a
loop, whose body is recorded while the transformation follows the program of the first.

A loop takes what is carried, what each turn has of its own (rows of arrays), and what is the same in all turns; it
gives what is kept of each turn (rows of arrays), and what is carried on at last.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.array_ops import array_ops
from ...core.backward import backward_pass
from ...core.batching import BatchTrace, trace_batch
from ...core.forward import JVPTrace
from ...core.reverse import VJPTrace, trace_vjp
from ...core.selections import Selected, settle
from ...core.tracer import Trace, box_classes, boxers, find_top_trace, own_box, running_traces
from ...numpy import wrapped as anp
from ...transforms.loops import Steps, recorders
from ...transforms.steps import has_derivative, record_step
from ...transforms.trace_substitution import Redirecting, active
from ..ir.evaluation import evaluate
from ..ir.loop import Loop, result, stack_turns, turn_of
from ..ir.node import Node, Program, operands
from .bodies import NotRolled, constant, example_of, has_rows, normal, record_body, without_effects
from .fission import run_in_parts
from .record import RecordTrace

__all__ = ["record_scan"]

FEWEST_TURNS = 32
"""Turns from which a loop is a step of a program; of fewer, each turn stands there."""

MOST_BYTES = 2**28
"""What a loop may keep for its backward pass; of longer ones it is computed again, block by block."""


def record_scan(steps: Steps, carry: list, xs: list, turns: int) -> list | None:
    """The last carry and the stacked outputs of a loop; None if it cannot, or need not, be a step of a program."""
    traces = running_traces()
    root = traces[0] if traces else None
    if not isinstance(root, RecordTrace) or root.keeps_values or turns < FEWEST_TURNS or active.get().lifts:
        return None
    if any(isinstance(trace, Redirecting) for trace in traces):
        return None
    carry = list(map(normal, carry))
    if not all(type(each) in boxers for each in carry):
        return None
    nothing: list[int] = []

    def turn(*boxes):
        rows: list = []
        own = list(map(own_box, boxes[:len(carry)]))  # to write into
        new = steps.turn(steps.f, own, boxes[len(carry):], rows)
        nothing[:] = [i for i, y in enumerate(rows[0]) if y is None]
        return [*map(normal, new), *(y for y in rows[0] if y is not None)]

    xs = [anp.flip(x, 0) if steps.reverse else x for x in xs]
    examples = [*map(example_of, carry), *(example_of(x)[0] for x in xs)]
    try:
        with without_effects(steps.f):
            program, around = record_body(turn, examples)
        outputs = bind(make_loop(turns, program, len(carry), len(xs)), [*carry, *xs, *around])
    except NotRolled:
        steps.y_structure = None
        return None
    ys = outputs[:len(outputs) - len(carry)]
    if steps.reverse:
        ys = [anp.flip(y, 0) for y in ys]
    for i in nothing:
        ys.insert(i, None)
    return [*outputs[len(outputs) - len(carry):], *ys]


def make_loop(turns: int, program: Program, carried: int, own: int) -> Loop:
    """The loop of a body that gives what is carried on, and what is kept."""
    for before, after in zip(program.inputs[:carried], program.outputs):
        if type(after) is not Node or before.spec != after.spec:
            raise NotRolled
    outputs = [*program.outputs, *program.outputs[:carried]]
    return Loop(turns, Program(program.inputs, program.steps, outputs), carried, own, len(program.outputs) - carried)


def bind(loop: Loop, args: Sequence) -> list:
    """What a loop gives: arrays of what is kept, then the last carry."""
    args = [*map(normal, args[:loop.carried]), *args[loop.carried:]]
    try:
        return run_in_parts(loop, args, bind_whole)
    except NotRolled:
        return bind_whole(loop, args)


def bind_whole(loop: Loop, args: list) -> list:
    """The same of a loop as it is. The highest trace among ``args`` sees it first."""
    trace = find_top_trace(args)
    if trace is None:
        outputs = loop(*args)
        return [*map(np.array, outputs[:loop.kept]), *outputs[loop.kept:]]
    for kind, rule in RULES.items():
        if isinstance(trace, kind) and not isinstance(trace, Redirecting):
            return rule(trace, loop, args)
    raise NotRolled


def unrolled(loop: Loop, args: Sequence) -> list:
    """The same, turn by turn."""
    end = loop.carried + loop.own
    carry, kept = list(args[:loop.carried]), []
    for k in range(loop.turns):
        leaves = [*carry, *(x[k] for x in args[loop.carried:end]), *args[end:]]
        outputs = evaluate(loop.body, leaves, constant, apply)
        carry = outputs[:loop.carried]
        kept.append(outputs[loop.carried:loop.carried + loop.kept])
    return [*map(anp.stack, zip(*kept)), *carry]


def run_body(program: Program, leaves: Sequence) -> list:
    """A body within another that is being recorded."""
    return evaluate(program, leaves, constant, apply)


def apply(function: Any, args: list, kwargs: dict) -> Any:
    """A step of a body; of a loop within it with arrays in place of lists."""
    if type(function) is Loop:
        return bind(function, args)
    if function is stack_turns:
        return args[0]
    return anp.flip(args[0], 0) if function is turn_of else function(*args, **kwargs)


# The steps of a record trace


def record(trace: RecordTrace, loop: Loop, args: list) -> list:
    values, nodes = list(map(trace.value_of, args)), list(map(trace.node_of, args))
    ans = loop(*values)
    for i in range(loop.carried, loop.carried + loop.own):
        nodes[i] = as_list(nodes[i], trace)
    examples = [*([column[0]] for column in ans[:loop.kept]), *ans[loop.kept:]]
    node = Node(loop, tuple(nodes), {}, tuple(examples), "loop")
    trace.steps.append(node)
    boxes = []
    for i, (value, example) in enumerate(zip(ans, examples)):
        each = Node(result, (node, i), {}, example, "result")
        trace.steps.append(each)
        if i < loop.kept:
            value = np.array(value)
            each = Node(stack_turns, (each,), {}, value, "stack_turns")
            trace.steps.append(each)
        boxes.append(trace.box(value, each))
    return boxes


def as_list(node: Any, trace: RecordTrace) -> Any:
    """The list of which an array, perhaps in reverse, has been made."""
    if type(node) is Node and node.function is stack_turns and is_plain(node):
        return node.args[0]
    if type(node) is Node and node.function is anp.flip and type(node.args[0]) is Node:
        base = node.args[0]
        if base.function is stack_turns and is_plain(base) and node.args[1] == 0:
            reverse = Node(turn_of, (base.args[0], slice(None, None, -1)), {}, base.args[0].value, "turn_of")
            trace.steps.append(reverse)
            return reverse
    return node


def is_plain(node: Node) -> bool:
    """Whether the rows of an array are as what they were made of."""
    example = node.args[0].value[0]
    return type(example) is not np.ndarray or example.flags.c_contiguous


# Forward mode


def push(trace: JVPTrace, loop: Loop, args: list) -> list:
    values, tangents = zip(*[trace.unbox(arg) for arg in args])
    if any(type(t) is Selected for t in tangents):
        raise NotRolled
    followed = [t is not None for t in tangents]
    examples = list(map(example_of, inputs_of_turn(loop, values)))
    given = list(map(example_of, inputs_of_turn(loop, tangents)))
    while True:
        out_followed: list[bool] = []

        def turn(*boxes):
            rest = iter(boxes[len(examples):])
            inner = JVPTrace()
            leaves = [boxers[type(x)](x, inner, next(rest)) if each else x for x, each in zip(boxes, followed)]
            outputs, found = Trace.run(inner, functools.partial(run_leaves, loop.body), leaves)
            outputs, found = outputs[:loop.carried + loop.kept], found[:loop.carried + loop.kept]
            if any(type(t) is Selected for t in found):
                raise NotRolled
            out_followed[:] = [t is not None for t in found]
            carried = [zero_like(x) if each and t is None else t if t is None else normal(t)
                       for x, t, each in zip(outputs, found[:loop.carried], followed)]
            rows = [t for t in found[loop.carried:] if t is not None]
            return [*outputs[:loop.carried], *filter(is_given, carried), *outputs[loop.carried:], *rows]

        extra = [zero_like(x) if t is None else t for x, t, each in zip(examples, given, followed) if each]
        body = record_body(turn, [*examples, *extra])
        now = [a or b for a, b in zip(followed, out_followed[:loop.carried])] + followed[loop.carried:]
        if now == followed:
            break
        followed = now
    tangents = [zero_like(x) if each and t is None else t for x, t, each in zip(values, tangents, followed)]
    order, count = reorder(loop, followed)
    inputs = [*body.program.inputs[:len(examples) + sum(followed)]]
    program = Program([inputs[i] for i in order] + body.program.inputs[len(inputs):], body.program.steps,
                      body.program.outputs)
    everything = [*values, *filter(is_given, tangents)]
    new = make_loop(loop.turns, program, *count)
    outputs = bind(new, [everything[i] for i in order] + body.around)
    kept, carried = outputs[:new.kept], outputs[new.kept:]
    return [*with_tangents(trace, kept, out_followed[loop.carried:]),
            *with_tangents(trace, carried, followed[:loop.carried])]


def is_given(t: Any) -> bool:
    return t is not None


def run_leaves(program: Program, *leaves: Any) -> list:
    return run_body(program, leaves)


def zero_like(x: Any) -> Any:
    return array_ops.zeros_like(x)[()] if np.ndim(example_of(x)) == 0 else array_ops.zeros_like(x)


def inputs_of_turn(loop: Loop, args: Sequence) -> list:
    """What the first turn has of these arguments of a loop."""
    end = loop.carried + loop.own
    return [*args[:loop.carried], *(x if x is None else x[0] for x in args[loop.carried:end]), *args[end:]]


def reorder(loop: Loop, followed: list[bool]) -> tuple[list[int], tuple[int, int]]:
    """Of inputs, and then the tangents of those that are followed, the places of what is carried, of what each turn has
    of its own, and of the rest; and how many there are of the first two."""
    end, count = loop.carried + loop.own, len(followed)
    places = iter(range(count, 2 * count))
    tangent = [next(places) if each else None for each in followed]
    groups = []
    for start, stop in ((0, loop.carried), (loop.carried, end), (end, count)):
        groups.append([*range(start, stop), *filter(is_given, tangent[start:stop])])
    return [i for group in groups for i in group], (len(groups[0]), len(groups[1]))


def with_tangents(trace: JVPTrace, outputs: list, followed: list[bool]) -> list:
    """Outputs, after which the tangents stand of those that are followed, as boxes."""
    rest = iter(outputs[len(followed):])
    return [boxers[type(x)](x, trace, next(rest)) if each else x for x, each in zip(outputs, followed)]


# Batches


def batch(trace: BatchTrace, loop: Loop, args: list) -> list:
    values, mapped = map(list, zip(*[trace.unbox(arg) for arg in args]))
    end = loop.carried + loop.own
    rows = [anp.moveaxis(x, 0, 1) if each and loop.carried <= i < end else x
            for i, (x, each) in enumerate(zip(values, mapped))]
    size = trace.size
    while True:
        out_mapped: list[bool] = []

        def turn(*boxes):
            outputs, found = trace_batch(functools.partial(run_leaves, loop.body), list(boxes), mapped, size)
            outputs, out_mapped[:] = outputs[:loop.carried + loop.kept], found[:loop.carried + loop.kept]
            carried = [spread(x, size) if each and not is_mapped else x
                       for x, each, is_mapped in zip(outputs, mapped, out_mapped[:loop.carried])]
            return [*map(normal, carried), *outputs[loop.carried:]]

        examples = list(map(example_of, inputs_of_turn(loop, rows)))
        body = record_body(turn, examples)
        now = [a or b for a, b in zip(mapped, out_mapped[:loop.carried])]
        if now == mapped[:loop.carried]:
            break
        rows[:loop.carried] = [spread(x, size) if new and not old else x for x, new, old in zip(rows, now, mapped)]
        mapped[:loop.carried] = now
    outputs = bind(make_loop(loop.turns, body.program, loop.carried, loop.own), rows + body.around)
    kept = [anp.moveaxis(y, 0, 1) if each else y for y, each in zip(outputs, out_mapped[loop.carried:])]
    return [boxers[type(x)](x, trace, True) if each else x
            for x, each in zip([*kept, *outputs[loop.kept:]], [*out_mapped[loop.carried:], *mapped[:loop.carried]])]


def spread(x: Any, size: int) -> Any:
    """``x`` for each element of a batch."""
    return anp.stack([x] * size)


# Reverse mode


def pull(trace: VJPTrace, loop: Loop, args: list) -> list:
    values, nodes = zip(*[trace.unbox(arg) for arg in args])
    examples = list(map(example_of, inputs_of_turn(loop, values)))
    end = loop.carried + loop.own
    followed = [has_derivative(x) if i < loop.carried else node is not None
                for i, (x, node) in enumerate(zip(examples, nodes))]
    forward, backward = split(loop, examples, followed)
    outputs = bind(forward, [*values])
    kept, stacks, carried = outputs[:loop.kept], outputs[loop.kept:forward.kept], outputs[forward.kept:]
    parents = [node for node in nodes if node is not None]
    outputs = [*kept, *carried]
    likes = list(map(array_ops.shape_only, outputs))

    def pull_back(gs):
        if any(type(g) is Selected for g in gs):
            return pull_unrolled(loop, values, nodes, gs)
        gs = [zero_like(like) if g is None and has_derivative(like) else settle(g) for g, like in zip(gs, likes)]
        g_rows = [anp.flip(g, 0) for g in gs[:loop.kept] if g is not None]
        g_carried = [normal(g) for g in gs[loop.kept:] if g is not None]
        own = [anp.flip(x, 0) for x in [*values[loop.carried:end], *stacks]]
        totals = [normal(zero_like(x)) for x, each in zip(values[end:], followed[end:]) if each]
        outputs = bind(backward, [*g_carried, *totals, *own, *g_rows, *values[end:]])
        g_own, g_rest = [anp.flip(g, 0) for g in outputs[:backward.kept]], outputs[backward.kept:]
        g_carried = dict(zip([i for i in range(loop.carried) if followed[i]], g_rest))
        found = [*[g_carried.get(i) for i in range(loop.carried) if nodes[i] is not None], *g_own,
                 *g_rest[len(g_carried):]]
        return found

    return record_step(trace, outputs, parents, pull_back, "scan", takes_selected=True)


def pull_unrolled(loop: Loop, values: Sequence, nodes: Sequence, gs: list) -> list:
    """The cotangents of a loop, turn by turn: selected ones keep their masks."""
    followed = [i for i, node in enumerate(nodes) if node is not None]

    def again(*boxes):
        leaves = list(values)
        for i, box in zip(followed, boxes):
            leaves[i] = box
        return unrolled(loop, leaves)

    _, ends, inputs = trace_vjp(again, [values[i] for i in followed])
    seeds = [(node, g) for node, g in zip(ends, gs) if node is not None and g is not None]
    return backward_pass(seeds, inputs, keeps_selected=True)


def split(loop: Loop, examples: list, followed: list[bool]) -> tuple[Loop, Loop]:
    """The loop that also keeps what its backward pass reads, and that of the backward pass.

    The latter carries the cotangents of what the former carries, and the sums of those of what is the same in all
    turns; each turn has of its own what the former has, what that has kept, and the cotangents of what it gave.
    """
    body, count = loop.body, len(examples)
    outs = body.outputs[:loop.carried + loop.kept]
    inexact = [each.spec.dtype is not None and each.spec.dtype.kind in "fc" for each in outs]
    likes = [each.value for each, is_inexact in zip(outs, inexact) if is_inexact]
    end = loop.carried + loop.own
    totals = [x for x, each in zip(examples[end:], followed[end:]) if each]

    def turn(*boxes):
        xs, gs = boxes[:count], boxes[count:count + len(likes)]
        places = [i for i, each in enumerate(followed) if each]

        def run(*inputs):
            leaves = list(xs)
            for i, box in zip(places, inputs):
                leaves[i] = box
            return run_body(body, leaves)[:len(outs)]

        values, ends, inputs = trace_vjp(run, [xs[i] for i in places])
        g_of_output = iter(gs)
        seeds = []
        for node, is_inexact in zip(ends, inexact):
            g = next(g_of_output) if is_inexact else None
            if node is not None and g is not None:
                seeds.append((node, g))
        found = backward_pass(seeds, inputs, keeps_selected=True)
        if any(type(g) is Selected for g in found):
            raise NotRolled
        by_place = dict(zip(places, map(settle, found)))
        g_carried = [normal(fill(by_place[i], xs[i])) for i in places if i < loop.carried]
        g_own = [fill(by_place[i], xs[i]) for i in places if loop.carried <= i < end]
        sums = [total if by_place[i] is None else normal(total + by_place[i])
                for i, total in zip([i for i in places if i >= end], boxes[count + len(likes):])]
        return [*values, *g_carried, *sums, *g_own]

    joint, around = record_body(turn, [*examples, *(np.ones_like(x)[()] for x in likes), *totals])
    if around:
        raise NotRolled
    return divide(loop, joint, sum(followed[:loop.carried]), inexact, len(totals))


def fill(g: Any, x: Any) -> Any:
    return zero_like(x) if g is None else g


def divide(loop: Loop, joint: Program, carried: int, inexact: list[bool], totals: int) -> tuple[Loop, Loop]:
    """The steps of ``joint`` in those of the forward and of the backward loop."""
    count = len(loop.body.inputs)
    inputs, gs = joint.inputs[:count], joint.inputs[count:]
    end = loop.carried + loop.own
    ends = joint.outputs[loop.carried + loop.kept:]
    late = set(gs)  # what depends on cotangents
    for step in joint.steps:
        if not late.isdisjoint(operands(step)):
            late.add(step)
    same = set(inputs[end:])  # what depends on what is the same in all turns alone
    for step in joint.steps:
        if step not in late and same.issuperset([each for each in operands(step) if each.kind != "constant"]):
            same.add(step)
    kept: dict[Node, None] = {}  # what the forward loop keeps for the backward loop
    again: set[Node] = set()  # what the backward loop computes again
    wanted = [*ends]
    needed: set[Node] = set()
    while wanted:
        node = wanted.pop()
        if type(node) is not Node or node in needed or node.kind == "constant":
            continue
        needed.add(node)
        if node in late or node in same or not has_rows(node):
            if node.kind == "call":
                again.add(node)
                wanted += operands(node)
        elif node not in inputs[loop.carried:end]:
            kept[node] = None
    if loop.turns * sum(node.spec.nbytes for node in kept) > MOST_BYTES:
        raise NotRolled
    outs = joint.outputs[:loop.carried + loop.kept]
    forward_steps = reached(joint.steps, [*outs, *kept])
    forward = make_loop(loop.turns, Program(inputs, forward_steps, [*outs, *kept]), loop.carried, loop.own)
    g_carried = sum(inexact[:loop.carried])
    g_likes, sums = gs[:sum(inexact)], gs[sum(inexact):]
    own = [*inputs[loop.carried:end], *kept, *g_likes[g_carried:]]
    late_inputs = [*g_likes[:g_carried], *sums, *own, *inputs[end:]]
    new = {node: Node(None, (), {}, node.value, node.name, "input") for node in late_inputs}
    late_inputs = list(new.values())
    steps = []
    for step in joint.steps:
        if step in again:
            new[step] = step.relabelled(new)
            steps.append(new[step])
    program = Program(late_inputs, steps, [new.get(each, each) if type(each) is Node else each for each in ends])
    return forward, make_loop(loop.turns, program, carried + totals, len(own))


def reached(steps: list[Node], outputs: list) -> list[Node]:
    """The steps that these outputs need."""
    needed = set(outputs)
    found = []
    for step in reversed(steps):
        if step in needed:
            found.append(step)
            needed.update(operands(step))
    return found[::-1]


RULES = {RecordTrace: record, JVPTrace: push, BatchTrace: batch, VJPTrace: pull}
"""What each kind of trace makes of a loop."""

recorders.append(record_scan)
