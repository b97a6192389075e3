"""``scan`` under ``jit``: a loop whose body is recorded once, where all turns do the same."""

from __future__ import annotations

from ...core.tracer import boxers, own_box, running_traces
from ...numpy import wrapped as anp
from ...transforms.loops import Steps, recorders
from ...transforms.trace_substitution import Redirecting, active
from . import loop_cotangents as loop_cotangents  # the rules of each mode
from . import loop_tangents as loop_tangents
from .bodies import example_of, normal, record_body, without_effects
from .loops import bind, make_loop
from .record import RecordTrace

__all__ = ["record_scan"]

FEWEST_TURNS = 16
"""Turns from which a loop is a step of a program; of fewer, each turn stands there."""


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
    except Exception:  # turn by turn it is found out what is wrong, if anything is
        steps.y_structure = None
        return None
    ys = outputs[:len(outputs) - len(carry)]
    if steps.reverse:
        ys = [anp.flip(y, 0) for y in ys]
    for i in nothing:
        ys.insert(i, None)
    return [*outputs[len(outputs) - len(carry):], *ys]


recorders.append(record_scan)
