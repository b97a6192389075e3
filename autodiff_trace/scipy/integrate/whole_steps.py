"""A function that runs on plain values, with derivatives of its own making, as one step for traces of other kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...core.backward import backward_pass
from ...core.batching import BatchTrace
from ...core.forward import JVPTrace, trace_jvp
from ...core.reverse import VJPTrace, trace_vjp
from ...core.selections import settle
from ...core.tracer import is_box
from ...numpy import wrapped as anp
from ...transforms.custom_rules import apply_rule
from ...transforms.steps import has_derivative

__all__ = ["WholeStep", "call_whole", "has_only_derivatives"]


def has_only_derivatives(leaves: Sequence) -> bool:
    """Whether all traces under the boxes are those of derivatives, so that there are plain values at the bottom."""
    for leaf in leaves:
        while is_box(leaf):
            if not isinstance(leaf._trace, (VJPTrace, JVPTrace)) and leaf._node is not None:
                return False
            leaf = leaf._value
    return True


class WholeStep(NamedTuple):
    """``fun(*leaves)``, which looks at the values under the boxes of derivatives: no other trace sees inside.

    Its derivatives are functions of the same kind, and of a batch it is called for each element.
    """

    name: str
    fun: Callable[..., list]

    def reverse(self, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
        if has_only_derivatives(leaves):
            outputs, ends, inputs = self.record(leaves, followed)
            return outputs, lambda gs: pull_back(ends, gs, inputs)
        outputs = apply_rule(self, leaves)
        places = [i for i, x in enumerate(outputs) if has_derivative(x)]

        def pulled(*both):
            _, ends, inputs = self.record(both[: len(leaves)], followed)
            return pull_back([ends[i] for i in places], both[len(leaves) :], inputs, both)

        step = WholeStep(f"the derivative of {self.name}", pulled)

        def pull(gs):
            given = [g if g is not None else anp.zeros_like(outputs[i]) for i, g in
                     ((i, gs[i]) for i in places)]
            return apply_rule(step, [*leaves, *given])

        return outputs, pull

    def record(self, leaves, followed):
        def run(*own):
            full = list(leaves)
            for i, x in zip(followed, own):
                full[i] = x
            return self.fun(*full)

        return trace_vjp(run, [leaves[i] for i in followed])

    def forward(self, leaves: list, tangents: list) -> tuple[list, list]:
        followed = [i for i, t in enumerate(tangents) if t is not None]
        given = [tangents[i] for i in followed]
        if has_only_derivatives([*leaves, *given]):
            return self.push(leaves, followed, given)
        count = len(leaves)
        flags = []

        def pushed(*both):
            outputs, found = self.push(both[:count], followed, both[count:])
            flags[:] = [has_derivative(x) for x in outputs]
            return [*outputs, *[anp.zeros_like(x) if t is None else t for x, t in zip(outputs, found)]]

        both = apply_rule(WholeStep(f"the derivative of {self.name}", pushed), [*leaves, *given])
        return both[: len(both) // 2], both[len(both) // 2 :]

    def push(self, leaves, followed, given):
        def run(*own):
            full = list(leaves)
            for i, x in zip(followed, own):
                full[i] = x
            return self.fun(*full)

        return trace_jvp(run, [leaves[i] for i in followed], given)

    def batched(self, trace: BatchTrace, mapped: list[bool]) -> WholeStep:
        def loop(*leaves):
            answers = [
                call_whole(self.name, self.fun, [x[i] if each else x for x, each in zip(leaves, mapped)])
                for i in range(trace.size)
            ]
            return [stack(self.name, column) for column in zip(*answers)]

        return WholeStep(self.name, loop)


def stack(name, column):
    if len({anp.shape(x) for x in column}) > 1:
        raise ValueError(
            f"{name}: the elements of a batch have results of different lengths. Ask for the same number of values "
            "in each, with t_eval= where there are steps, or call it in a Python loop instead of vmap."
        )
    return anp.stack(column)


def pull_back(ends, gs, inputs, leaves=None):
    seeds = [(end, g) for end, g in zip(ends, gs) if end is not None and g is not None]
    pulled = list(map(settle, backward_pass(seeds, inputs)))
    return pulled


def call_whole(name: str, fun: Callable[..., list], leaves: Sequence) -> list:
    """``fun(*leaves)``; as one step, where there are traces that are no derivatives."""
    if has_only_derivatives(leaves):
        return fun(*leaves)
    return apply_rule(WholeStep(name, fun), leaves)
