"""Custom rules on flat lists of leaves: what each trace does with a function that brings its own derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..core import backward
from ..core.array_ops import array_ops
from ..core.batching import BatchTrace, trace_batch
from ..core import selections
from ..core.errors import TracedValueError, caller_line
from ..core.forward import JVPTrace, defjvp_all
from ..core.infinitesimals import call_split, follow_split, has_split, with_unknown_change
from ..core.primitives import primitive
from ..core.pytree import tree_flatten, tree_unflatten
from ..core.reverse import VJPTrace, defvjp_all, trace_vjp
from .trace_substitution import current
from ..core.tracer import Trace, boxers, find_top_trace, is_box
from ..numpy import wrapped as anp
from .followed_rules import call_watching_outputs, pull_plain, reverse_choices, without_any_change
from .steps import has_derivative, record_step, transpose

__all__ = ["JVPRule", "VJPRule", "apply_rule"]


class VJPRule(NamedTuple):
    """A function with its VJP: ``fwd(*leaves)`` is (outputs, residuals), ``bwd(residuals, gs)`` the cotangents."""

    name: str
    fun: Callable[..., list]
    fwd: Callable[..., tuple[list, Any]]
    bwd: Callable[[Any, list], list]

    def reverse(self, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
        """The outputs, and the function that pulls their cotangents back to the leaves in ``followed``."""
        fwd = self.fwd
        if any(map(is_box, leaves)):
            fwd = functools.partial(call_watching_outputs, self.name, "fwd", fwd)
        answer = call_split(fwd, leaves) if any(map(has_split, leaves)) else fwd(*leaves)
        if answer is None:
            return apply_rule(self, leaves), pull_plain(self, leaves, followed)
        outputs, residuals = answer

        def pull(gs):
            cotangents = self.bwd(residuals, gs)
            return [cotangents[i] for i in followed]

        return outputs, pull

    def forward(self, leaves: list, tangents: list) -> tuple[list, list]:
        """The outputs and their tangents. None is zero."""
        followed = [i for i, t in enumerate(tangents) if t is not None]
        outputs, pull = self.reverse(leaves, followed)
        places = [i for i, x in enumerate(outputs) if has_derivative(x)]

        def pull_some(gs):
            return pull(spread(len(outputs), places, gs))

        pushed = transpose(pull_some, [outputs[i] for i in places], [tangents[i] for i in followed])
        return outputs, spread(len(outputs), places, pushed)

    def batched(self, trace: BatchTrace, mapped: list[bool]) -> VJPRule:
        run = functools.partial(run_batch, self.name, trace)

        def fwd(*leaves):
            count = structure = None

            def one(*boxes):
                nonlocal count, structure
                outputs, residuals = self.fwd(*boxes)
                count = len(outputs)
                residuals, structure = tree_flatten(residuals)
                return [*outputs, *residuals]

            values, flags = run(one, leaves, mapped)
            outputs = repeat(values[:count], flags[:count], trace.size)
            return outputs, (values[count:], tuple(flags[count:]), structure)

        def bwd(residuals, gs):
            values, flags, structure = residuals

            def one(*boxes):
                return self.bwd(tree_unflatten(structure, boxes[: len(values)]), list(boxes[len(values) :]))

            cotangents, own = run(one, [*values, *gs], [*flags, *(g is not None for g in gs)])
            # An argument that is the same for all elements gets the sum of their cotangents.
            repeated = repeat(cotangents, own, trace.size)
            return [g if each or g is None else anp.sum(g, axis=0) for g, each in zip(repeated, mapped)]

        def fun(*leaves):
            return repeat(*run(self.fun, leaves, mapped), trace.size)

        return VJPRule(self.name, fun, fwd, bwd)


class JVPRule(NamedTuple):
    """A function with its JVP: ``jvp(leaves, tangents)`` is (outputs, tangents of the outputs); None is zero."""

    name: str
    fun: Callable[..., list]
    jvp: Callable[[list, list], tuple[list, list]]

    def forward(self, leaves: list, tangents: list) -> tuple[list, list]:
        jvp = functools.partial(call_watching_outputs, self.name, "jvp", self.jvp)
        answer = follow_split(jvp, leaves, tangents) if any(map(has_split, leaves)) else jvp(leaves, tangents)
        if answer is not None:
            return answer
        _, pushed = jvp(*[list(map(without_any_change, each)) for each in (leaves, tangents)])
        return apply_rule(self, leaves), [t if t is None else with_unknown_change(t) for t in pushed]

    def reverse(self, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
        """The JVP is linear in the tangents: it is recorded at tangents of zero, and pulled back."""
        zeros = [array_ops.zeros_like(leaves[i])[()] for i in followed]

        def linear(*tangents):
            full = spread(len(leaves), followed, tangents)
            outputs, pushed = call_watching_outputs(self.name, "jvp", self.jvp, leaves, full)
            return [*outputs, *pushed]

        is_split = any(map(has_split, leaves))
        answer = follow_split(trace_vjp, linear, zeros) if is_split else trace_vjp(linear, zeros)
        if answer is None:
            return apply_rule(self, leaves), pull_plain(self, leaves, followed)
        values, nodes, inputs = answer
        count = len(values) // 2

        def pull(gs):
            ends = [(node, g) for node, g in zip(nodes[count:], gs) if node is not None and g is not None]
            return backward.backward_pass(ends, inputs, keeps_selected=True)

        return values[:count], pull

    def batched(self, trace: BatchTrace, mapped: list[bool]) -> JVPRule:
        run = functools.partial(run_batch, self.name, trace)

        def jvp(leaves, tangents):
            n = len(leaves)

            def one(*boxes):
                outputs, pushed = self.jvp(list(boxes[:n]), list(boxes[n:]))
                return [*outputs, *pushed]

            flags = [*mapped, *(each and t is not None for each, t in zip(mapped, tangents))]
            both = repeat(*run(one, [*leaves, *tangents], flags), trace.size)
            return both[: len(both) // 2], both[len(both) // 2 :]

        def fun(*leaves):
            return repeat(*run(self.fun, leaves, mapped), trace.size)

        return JVPRule(self.name, fun, jvp)


def run_batch(name: str, trace: BatchTrace, fun: Callable, leaves: Sequence, mapped: list[bool]) -> tuple[list, list]:
    """Run ``fun`` for a batch like that of ``trace``; what it gives, and which of it is mapped."""
    values, flags = trace_batch(fun, list(leaves), mapped, trace.size)
    return [check_own(trace, x, name) for x in values], flags


def repeat(values: Sequence, flags: Sequence[bool], size: int) -> list:
    """``values``, with those that are the same for all elements of the batch repeated."""
    return [
        x if each or type(x) not in boxers else anp.broadcast_to(x, (size, *x.shape)) for x, each in zip(values, flags)
    ]


def spread(count: int, places: Sequence[int], values: Sequence) -> list:
    """A list with ``values`` at ``places`` and None elsewhere."""
    full: list = [None] * count
    for i, value in zip(places, values, strict=True):
        full[i] = value
    return full


def apply_rule(rule: VJPRule | JVPRule, leaves: Sequence) -> list:
    """The outputs of ``rule.fun(*leaves)``, traced by the custom rule."""
    leaves = [current(x) for x in leaves]
    top = find_top_trace(leaves)
    if top is None:
        return rule.fun(*leaves)
    if not isinstance(top, (VJPTrace, JVPTrace, BatchTrace)):
        return list(make_primitive(rule)(*leaves))
    own = [getattr(x, "_trace", None) is top for x in leaves]
    values = [x._value if mine else x for x, mine in zip(leaves, own)]
    nodes = [x._node if mine else None for x, mine in zip(leaves, own)]
    followed = [i for i, node in enumerate(nodes) if node is not None]
    if not followed:
        return [boxers[type(x)](x, top, None) if type(x) in boxers else x for x in apply_rule(rule, values)]
    if isinstance(top, VJPTrace):
        outputs, pull = reverse_choices(rule, values, followed)
        outputs = [check_own(top, x, rule.name) for x in outputs]
        takes_selected = isinstance(rule, JVPRule)
        nodes = [nodes[i] for i in followed]
        return record_step(top, outputs, nodes, pull, rule.name, takes_selected=takes_selected)
    if isinstance(top, JVPTrace):
        outputs, tangents = ([check_own(top, x, rule.name) for x in each] for each in rule.forward(values, nodes))
        return [boxers[type(x)](x, top, t) if has_derivative(x) else x for x, t in zip(outputs, tangents)]
    if find_top_trace(values) is None:  # no derivative below: the rule is not needed
        return rule.fun(*leaves)
    outputs = apply_rule(rule.batched(top, [node is not None for node in nodes]), values)
    return [boxers[type(x)](x, top, True) if type(x) in boxers else x for x in outputs]


def check_own(trace: Trace, x: Any, name: str) -> Any:
    """An output of a rule for ``trace``, in which no box of it may be left."""
    if getattr(x, "_trace", None) is not trace:
        return x
    if x._node is None:
        return x._value
    raise TracedValueError(
        f"{name} closes over a traced value ({caller_line()}), for which its custom rule gives no derivative. Pass it "
        "as an argument that the rule knows, or stop it with stop_gradient."
    )


def make_primitive(rule: VJPRule | JVPRule) -> Callable:
    """``rule`` as a primitive, for traces that know no custom rules: graphs, series."""

    def fun(*leaves):
        return tuple(apply_rule(rule, leaves))

    def vjp(argnums, gs, ans, args, kwargs):
        return list(map(selections.settle, rule.reverse(args, argnums)[1](list(gs))))

    def jvp(argnums, tangents, ans, args, kwargs):
        return rule.forward(list(args), spread(len(args), argnums, tangents))[1]

    fun.__name__ = rule.name
    prim = primitive(fun)
    defvjp_all(prim, vjp)
    defjvp_all(prim, jvp)
    prim.traits.shaped_by_values = getattr(rule, "shaped_by_values", False)
    return prim
