"""The times of events: roots of g(t, y(t)), by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.forward import trace_jvp
from ...core.selections import settle
from ...numpy import wrapped as anp
from ...transforms.custom_rules import JVPRule, apply_rule
from .moving_times import advance
from .whole_steps import replaced

__all__ = ["event_times"]


def event_times(event: Callable, field: Callable, T: np.ndarray, Y: Any, parameters: Sequence) -> Any:
    """The times (m,), numbers ``T``, at which an event occurs, where ``Y`` (m, n) are the states at ``T``."""

    def fun(Y, *parameters):
        return [T]

    def jvp(leaves, tangents):
        # dt = −(dg at a time that stays) / (dg/dt along the solution)
        outputs = apply_rule(rule, leaves)
        tangents = list(map(settle, tangents))
        followed = [i for i, t in enumerate(tangents) if t is not None]

        def value(t, leaves):
            Y, *parameters = leaves
            return event(t, advance(field, T, t, Y, parameters), parameters)

        _, (change,) = trace_jvp(
            lambda *own: [value(outputs[0], replaced(leaves, followed, own))],
            [leaves[i] for i in followed], [tangents[i] for i in followed],
        )
        _, (slope,) = trace_jvp(lambda t: [value(t, leaves)], outputs, [anp.ones_like(outputs[0])])
        with np.errstate(all="ignore"):  # where it only touches zero its time has no derivative
            return outputs, [None if change is None else -change / slope]

    rule = JVPRule("event time", fun, jvp)
    return apply_rule(rule, [Y, *parameters])[0]
