"""A function that runs on plain values, with derivatives of its own making, as one step for traces of other kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ...core import backward
from ...core.batching import BatchTrace
from ...core.forward import JVPTrace, trace_jvp
from ...core.reverse import VJPTrace, trace_vjp
from ...core.selections import settle
from ...core.tracer import boxers, find_top_trace, is_box
from ...numpy import wrapped as anp
from ...transforms.custom_rules import apply_rule
from ...transforms.steps import has_derivative

__all__ = ["call_whole", "common", "has_only_derivatives", "pull_back", "replaced", "with_zeros"]


def has_only_derivatives(leaves: Sequence) -> bool:
    """Whether all traces under the boxes are those of derivatives, so that there are plain values at the bottom."""
    for leaf in leaves:
        while is_box(leaf):
            if not isinstance(leaf._trace, (VJPTrace, JVPTrace)) and leaf._node is not None:
                return False
            leaf = leaf._value
    return True


class WholeStep(NamedTuple):
    """``function(*leaves)``, which looks at the values under the boxes of derivatives: no other trace sees inside.

    Its derivatives are functions of the same kind, and of a batch it is called for each element.
    """

    name: str
    function: Callable[..., list]

    shaped_by_values = True  # a solver takes as many steps as it needs

    def fun(self, *leaves):
        if has_only_derivatives(leaves):
            return self.function(*leaves)
        trace = find_top_trace(leaves)  # that of a batch, with nothing to record below
        own = [is_box(x) and x._trace is trace for x in leaves]
        values = [x._value if mine else x for x, mine in zip(leaves, own)]
        mapped = [mine and x._node is not None for x, mine in zip(leaves, own)]
        outputs = self.batched(trace, mapped).fun(*values)
        return [boxers[type(x)](x, trace, True) if type(x) in boxers else x for x in outputs]

    def reverse(self, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
        if has_only_derivatives(leaves):
            outputs, ends, inputs = self.record(leaves, followed)
            return outputs, lambda gs: pull_back(ends, gs, inputs)
        outputs = apply_rule(self, leaves)
        places = [i for i, x in enumerate(outputs) if has_derivative(x)]
        count = len(leaves)

        def pulled(*both):
            _, ends, inputs = self.record(both[:count], followed)
            cotangents = pull_back([ends[i] for i in places], both[count:], inputs)
            return [with_zeros(g, both[i]) for i, g in zip(followed, cotangents)]

        step = WholeStep(f"the derivative of {self.name}", pulled)
        return outputs, lambda gs: apply_rule(step, [*leaves, *[with_zeros(gs[i], outputs[i]) for i in places]])

    def forward(self, leaves: list, tangents: list) -> tuple[list, list]:
        followed = [i for i, t in enumerate(tangents) if t is not None]
        given = [settle(tangents[i]) for i in followed]
        if has_only_derivatives([*leaves, *given]):
            return self.push(leaves, followed, given)
        count = len(leaves)

        def pushed(*both):
            outputs, found = self.push(both[:count], followed, both[count:])
            return [*outputs, *map(with_zeros, found, outputs)]

        both = apply_rule(WholeStep(f"the derivative of {self.name}", pushed), [*leaves, *given])
        return both[: len(both) // 2], both[len(both) // 2 :]

    def record(self, leaves, followed):
        return trace_vjp(lambda *own: self.function(*replaced(leaves, followed, own)), [leaves[i] for i in followed])

    def push(self, leaves, followed, given):
        return trace_jvp(
            lambda *own: self.function(*replaced(leaves, followed, own)), [leaves[i] for i in followed], given)

    def batched(self, trace: BatchTrace, mapped: list[bool]) -> WholeStep:
        def loop(*leaves):
            answers = [
                call_whole(self.name, self.function, [x[i] if each else x for x, each in zip(leaves, mapped)])
                for i in range(trace.size)
            ]
            return [stack(self.name, column) for column in zip(*answers)]

        return WholeStep(self.name, loop)


def call_whole(name: str, fun: Callable[..., list], leaves: Sequence) -> list:
    """``fun(*leaves)``; as one step, where there are traces that are no derivatives."""
    return fun(*leaves) if has_only_derivatives(leaves) else apply_rule(WholeStep(name, fun), leaves)


def replaced(values: Sequence, places: Sequence[int], others: Sequence) -> list:
    """``values`` with ``others`` at ``places``."""
    full = list(values)
    for i, value in zip(places, others):
        full[i] = value
    return full


def stack(name, column):
    if len({anp.shape(x) for x in column}) > 1:
        raise ValueError(
            f"{name}: the elements of a batch have results of different lengths. Ask for the same number of values "
            "in each, with t_eval= where there are steps, or call it in a Python loop instead of vmap."
        )
    return anp.stack(column)


def common(x):
    """The number that a batch of equal ones has in each element, of which Python may ask."""
    while is_box(x) and isinstance(x._trace, BatchTrace) and not is_box(x._value) and np.ptp(x._value) == 0:
        x = int(np.ravel(x._value)[0])
    return x


def pull_back(ends, gs, inputs):
    seeds = [(end, g) for end, g in zip(ends, gs) if end is not None and g is not None]
    return list(map(settle, backward.backward_pass(seeds, inputs)))


def with_zeros(g, like):
    """A cotangent or tangent of ``like``, zeros for None; of what has none, zero."""
    if g is not None:
        return g
    return anp.zeros_like(like) if has_derivative(like) else np.float64(0.0)
