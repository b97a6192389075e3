"""Loops in forward mode, and of batches: loops of values with their tangents, and of whole batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...core.batching import BatchTrace, trace_batch
from ...core.forward import JVPTrace
from ...core.selections import Selected, settle
from ...core.tracer import Trace, boxers
from ...numpy import wrapped as anp
from ..ir.loop import Loop
from .bodies import example_of, normal, record_rule, zero_like
from .loops import bind, inputs_of_turn, make_loop, mask_of, rules, run_body, with_mask

__all__: list[str] = []


def push(trace: JVPTrace, loop: Loop, args: list) -> list:
    """Each value stands before its tangent and the mask of that, as far as it has them (``extra`` says how many)."""
    values, tangents = map(list, zip(*[trace.unbox(arg) for arg in args]))
    extra = list(map(count_extra, tangents))
    found = extra[:loop.carried]
    program = None
    while program is None or extra[:loop.carried] != found[:loop.carried]:  # until no more is followed
        extra[:loop.carried] = found[:loop.carried]

        def turn(*boxes, extra=tuple(extra)):
            inner = JVPTrace()
            leaves = [x if t is None else boxers[type(x)](x, inner, t) for x, t in in_pairs(boxes, extra)]
            outputs, tangents = Trace.run(inner, lambda *leaves: run_body(loop, leaves), leaves)
            found[:] = map(count_extra, tangents)
            # What has no tangent yet is not selected: an infinite slope does not make NaN of it.
            found[:loop.carried] = [
                2 if new and not old else max(old, new) for old, new in zip(extra, found[:loop.carried])]
            return list(map(normal, flat(outputs, tangents, found)))

        leaves = flat(values, tangents, extra)
        carried = loop.carried + sum(extra[:loop.carried])
        own = loop.own + sum(extra[loop.carried:loop.carried + loop.own])
        program = record_rule(turn, list(map(example_of, inputs_of_turn(leaves, carried, own))))
    outputs = bind(make_loop(loop.turns, program, carried, own), leaves)
    pairs = in_pairs(outputs, found[loop.carried:] + extra[:loop.carried])
    return [x if t is None else boxers[type(x)](x, trace, t) for x, t in pairs]


def count_extra(t: Any) -> int:
    return 0 if t is None else 2 if type(t) is Selected else 1


def flat(values: Iterable, tangents: Iterable, extra: Iterable[int]) -> list:
    """The values with their tangents and masks."""
    leaves = []
    for x, t, count in zip(values, tangents, extra):
        leaves += [x, zero_like(x) if t is None else settle(t), mask_of(t, x)][:1 + count]
    return leaves


def in_pairs(leaves: Iterable, extra: Iterable[int]) -> list[tuple]:
    """Of what :func:`flat` gives the values with their tangents, or None."""
    rest = iter(leaves)
    pairs = []
    for count in extra:
        x, *others = (next(rest) for _ in range(1 + count))
        pairs.append((x, None if not others else others[0] if count == 1 else with_mask(*others)))
    return pairs


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

        program = record_rule(turn, list(map(example_of, inputs_of_turn(values, loop.carried, loop.own))))
    outputs = bind(make_loop(loop.turns, program, loop.carried, loop.own), values)
    out_mapped = out_mapped[loop.carried:] + mapped[:loop.carried]
    outputs[:loop.kept] = [anp.moveaxis(y, 0, 1) if each else y for y, each in zip(outputs[:loop.kept], out_mapped)]
    return [boxers[type(x)](x, trace, True) if each else x for x, each in zip(outputs, out_mapped)]


def spread(x: Any, size: int) -> Any:
    """``x`` for each element of a batch."""
    return anp.stack([x] * size)


rules[BatchTrace] = batch
