"""Loops whose body is recorded once. What a derivative, or a batch, makes of a loop is again a loop, whose body is
recorded while the transformation follows the program of the first.

A loop takes what is carried, what each turn has of its own (rows of arrays), and what is the same in all turns; it
gives what is kept of each turn (rows of arrays), and what is carried on at last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.selections import Mask, Selected
from ...core.tracer import Trace, find_top_trace
from ...numpy import wrapped as anp
from ...transforms.trace_substitution import Redirecting
from ..ir.evaluation import evaluate
from ..ir.loop import Loop, stack_turns, turn_of
from ..ir.node import Node, Program
from ..ir.spec import spec_of
from .bodies import NotRolled, constant, example_of, normal
from .fission import run_in_parts
from .record import RecordTrace

__all__ = [
    "bind", "inputs_of_turn", "make_loop", "mask_of", "rules", "run_body", "unrolled", "with_mask",
]

rules: dict[type[Trace], Callable] = {}
"""What each kind of trace makes of a loop: ``rule(trace, loop, args)`` gives what :func:`bind` gives."""


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
    for kind, rule in rules.items():
        if isinstance(trace, kind) and not isinstance(trace, Redirecting):
            return rule(trace, loop, args)
    raise NotRolled


def unrolled(loop: Loop, args: Sequence) -> list:
    """The same, turn by turn."""
    end = loop.carried + loop.own
    carry, kept = list(args[:loop.carried]), []
    for k in range(loop.turns):
        leaves = [*carry, *(x[k] for x in args[loop.carried:end]), *args[end:]]
        outputs = run_body(loop, leaves)
        carry = outputs[:loop.carried]
        kept.append(outputs[loop.carried:])
    return [*map(anp.stack, zip(*kept)), *carry]


def run_body(loop: Loop, leaves: Sequence) -> list:
    """What one turn gives: what is carried on, and what is kept."""
    return evaluate(loop.body, leaves, constant, apply)[:loop.carried + loop.kept]


def apply(function: Any, args: list, kwargs: dict) -> Any:
    """A step of a body; of a loop within it with arrays in place of lists."""
    if type(function) is Loop:
        return bind(function, args)
    if function is stack_turns:
        return args[0]
    return anp.flip(args[0], 0) if function is turn_of else function(*args, **kwargs)


def inputs_of_turn(args: Sequence, carried: int, own: int) -> list:
    """What the first turn has of these arguments of a loop."""
    return [*args[:carried], *(x[0] for x in args[carried:carried + own]), *args[carried + own:]]


def with_mask(g: Any, mask: Any) -> Selected:
    """A cotangent or a tangent with its mask."""
    return Selected(g, Mask(lambda: mask))


def mask_of(g: Any, x: Any) -> Any:
    """The mask of a cotangent or tangent of ``x``, of which all elements may matter unless it is selected or None."""
    return g.mask() if type(g) is Selected else np.full(np.shape(example_of(x)), g is not None)[()]


def record_loop(trace: RecordTrace, loop: Loop, args: list) -> list:
    """The step of a loop."""
    values, nodes = list(map(trace.value_of, args)), list(map(trace.node_of, args))
    for i in range(loop.carried, loop.carried + loop.own):
        nodes[i] = as_list(nodes[i], trace)
    ans = loop(*values)
    steps = loop.steps(nodes)
    trace.steps += steps
    boxes = []
    for i, (value, node) in enumerate(zip(ans, steps[1:])):
        if i < loop.kept:
            value = np.array(value)
            node = Node(stack_turns, (node,), {}, spec_of(value), "stack_turns")
            trace.steps.append(node)
        boxes.append(trace.box(value, node))
    return boxes


rules[RecordTrace] = record_loop


def as_list(node: Any, trace: RecordTrace) -> Any:
    """The list of which an array, perhaps in reverse, has been made."""
    is_reverse = type(node) is Node and node.function is anp.flip and node.args[1] == 0
    base = node.args[0] if is_reverse else node
    if type(base) is not Node or base.function is not stack_turns or not base.args[0].spec.items[0].is_contiguous:
        return node
    values = base.args[0]
    if not is_reverse:
        return values
    trace.steps.append(Node(turn_of, (values, slice(None, None, -1)), {}, values.spec, "turn_of"))
    return trace.steps[-1]
