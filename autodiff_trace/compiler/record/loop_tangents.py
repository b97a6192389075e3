"""Loops in forward mode, and of batches: loops of values with their tangents, and of whole batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...core.batching import BatchTrace, trace_batch
from ...core.forward import JVPTrace
from ...core.selections import Selected
from ...core.tracer import Trace, boxers
from ...numpy import wrapped as anp
from ..ir.loop import Loop
from .bodies import NotRolled, example_of, normal, record_rule, zero_like
from .loops import bind, inputs_of_turn, make_loop, rules, run_body

__all__: list[str] = []


def push(trace: JVPTrace, loop: Loop, args: list) -> list:
    """Each value that is followed stands before its tangent, among the inputs and among the outputs."""
    values, tangents = map(list, zip(*[trace.unbox(arg) for arg in args]))
    end = loop.carried + loop.own
    followed: list[bool] = []
    out_followed = [t is not None for t in tangents[:loop.carried]]
    while followed[:loop.carried] != out_followed[:loop.carried]:  # until no more of what is carried is followed
        tangents[:loop.carried] = fill(values, tangents, out_followed[:loop.carried])
        followed = [t is not None for t in tangents]

        def turn(*boxes, followed=followed):
            inner = JVPTrace()
            leaves = [x if t is None else boxers[type(x)](x, inner, t) for x, t in in_pairs(boxes, followed)]
            outputs, found = Trace.run(inner, lambda *leaves: run_body(loop, leaves), leaves)
            if any(type(t) is Selected for t in found):
                raise NotRolled
            found[:loop.carried] = fill(outputs, found, followed[:loop.carried])
            out_followed[:] = [t is not None for t in found]
            return flat(outputs, found)

        examples = flat(*(map(example_of, inputs_of_turn(loop, each)) for each in (values, tangents)))
        program = record_rule(turn, examples)
    if any(type(t) is Selected for t in tangents):
        raise NotRolled
    carried, own = loop.carried + sum(followed[:loop.carried]), loop.own + sum(followed[loop.carried:end])
    outputs = bind(make_loop(loop.turns, program, carried, own), flat(values, tangents))
    pairs = in_pairs(outputs, out_followed[loop.carried:] + followed[:loop.carried])
    return [x if t is None else boxers[type(x)](x, trace, t) for x, t in pairs]


def fill(values: Iterable, tangents: Iterable, followed: list[bool]) -> list:
    """Tangents of what is carried, zeros where others are followed."""
    return [zero_like(x) if each and t is None else t if t is None else normal(t)
            for x, t, each in zip(values, tangents, followed)]


def flat(values: Iterable, tangents: Iterable) -> list:
    """The values, each followed by its tangent, if it has one."""
    return [each for x, t in zip(values, tangents) for each in ((x,) if t is None else (x, t))]


def in_pairs(leaves: Sequence, followed: list[bool]) -> list[tuple]:
    """Of what :func:`flat` gives the values with their tangents, or None."""
    rest = iter(leaves)
    return [(next(rest), next(rest) if each else None) for each in followed]


rules[JVPTrace] = push


def batch(trace: BatchTrace, loop: Loop, args: list) -> list:
    """The rows of an array of a batch are batches."""
    values, mapped = map(list, zip(*[trace.unbox(arg) for arg in args]))
    end, size = loop.carried + loop.own, trace.size
    rows = slice(loop.carried, end)
    values[rows] = [anp.moveaxis(x, 0, 1) if each else x for x, each in zip(values[rows], mapped[rows])]
    out_mapped = mapped[:loop.carried]
    program = None
    while program is None or mapped[:loop.carried] != out_mapped[:loop.carried]:
        values[:loop.carried] = [spread(x, size) if new and not old else x
                                 for x, new, old in zip(values, out_mapped, mapped[:loop.carried])]
        mapped[:loop.carried] = out_mapped[:loop.carried]

        def turn(*boxes):
            outputs, found = trace_batch(lambda *leaves: run_body(loop, leaves), list(boxes), mapped, size)
            carried = [spread(x, size) if each and not is_mapped else x
                       for x, each, is_mapped in zip(outputs, mapped[:loop.carried], found)]
            out_mapped[:] = [*(a or b for a, b in zip(mapped[:loop.carried], found)), *found[loop.carried:]]
            return [*map(normal, carried), *outputs[loop.carried:]]

        program = record_rule(turn, list(map(example_of, inputs_of_turn(loop, values))))
    outputs = bind(make_loop(loop.turns, program, loop.carried, loop.own), values)
    out_mapped = out_mapped[loop.carried:] + mapped[:loop.carried]
    outputs[:loop.kept] = [anp.moveaxis(y, 0, 1) if each else y for y, each in zip(outputs[:loop.kept], out_mapped)]
    return [boxers[type(x)](x, trace, True) if each else x for x, each in zip(outputs, out_mapped)]


def spread(x: Any, size: int) -> Any:
    """``x`` for each element of a batch."""
    return anp.stack([x] * size)


rules[BatchTrace] = batch
