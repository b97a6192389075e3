"""What takes the place of the backward pass, of the call of a compiled function, and of one with a rule of the
user's, while somebody watches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from ..compiler.jitted import Jitted
from ..compiler.record.containers import run_in_place_of, run_on_copies
from ..core import backward
from ..core.errors import caller_place
from ..core.fast.donation import Overwriting
from ..core.forward import JVPTrace
from ..core.pytree import tree_flatten, tree_unflatten
from ..core.selections import OutputsCotangent, Selected
from ..core.tracer import boxers, find_top_trace, running_traces
from ..core.transformed import COMMUTING
from ..transforms import custom_calls
from .watchers import Call, Pull, Rule, current_place, is_inside, timed, warned, who_watches, within
from .watching import replacements

__all__ = ["ValueTrace"]


def make_pass(original: Callable) -> Callable:
    """The backward pass, of which each step is reported."""

    @functools.wraps(original)
    def watched_pass(seeds, inputs, keeps_selected=False):
        if not who_watches():
            return original(seeds, inputs, keeps_selected)
        start = perf_counter()
        reached = backward.plain_pass(seeds, inputs, keeps_selected, report_pull)
        if not is_inside.get():
            for watcher in who_watches():
                watcher.passed(perf_counter() - start)
        return reached

    return watched_pass


def report_pull(node: tuple, g: Any) -> list[tuple[tuple, Any]]:
    rules = node[1]
    if getattr(rules, "func", None) is OutputsCotangent:  # nothing is computed
        return list(backward.pull_node(node, g))
    # Nothing is written into: who watches is to see the cotangent as it was.
    bound = (node[0], rules.bind(False, g), *node[2:]) if isinstance(rules, Overwriting) else node
    place = getattr(node[5], "place", None)
    around = within.get()
    is_masked = type(g) is Selected or around is not None and around.is_masked
    token = within.set(Rule(caller_place(), place, node[6], is_masked))
    try:
        (pulled, seconds, inside), warning = warned(timed, lambda: list(backward.pull_node(bound, g)))
    finally:
        within.reset(token)
    pull = Pull(node, g, pulled, place, seconds, inside)
    for watcher in who_watches():
        watcher.pulled(pull)
    if warning is not None:
        raise warning
    return pulled


class ValueTrace(JVPTrace):
    """Follows nothing: it is there to be watched."""


def run_watched(fun: Callable, args: tuple, kwargs: dict) -> Any:
    """``fun`` on boxes of a :class:`ValueTrace` and copies of the arrays among its arguments, one for each."""
    trace = ValueTrace()
    leaves, structure = tree_flatten((args, kwargs))
    new = {id(leaf): boxed(leaf, trace) for leaf in leaves}
    copies = tree_unflatten(structure, [new[id(leaf)] for leaf in leaves])
    result_structure = None

    def traced():
        nonlocal result_structure
        results, result_structure = tree_flatten(run_in_place_of(fun, (args, kwargs), copies))
        return results

    results, _ = trace.run(traced, [])
    return tree_unflatten(result_structure, results)


def boxed(leaf: Any, trace: ValueTrace) -> Any:
    """A floating array or number as a box, another array as a copy."""
    number = np.float64(leaf) if type(leaf) is float else leaf
    if type(number) in boxers and hasattr(number, "dtype") and number.dtype.kind in "fc":
        return boxers[type(number)](number, trace, None)
    return leaf.copy(order="K") if type(leaf) is np.ndarray else leaf


def make_call(original: Callable) -> Callable:
    """The call of a compiled function, which runs it as it is: programs tell nobody what they do."""

    @functools.wraps(original)
    def watched_call(self, /, *args, **kwargs):
        if not who_watches():
            return original(self, *args, **kwargs)
        # What transforms is watched as it is, and so is what others trace.
        is_traced = getattr(self.fun, "transformation", None) in COMMUTING or running_traces()
        return (run_on_copies if is_traced else run_watched)(self.fun, args, kwargs)

    return watched_call


def make_apply(original: Callable) -> Callable:
    """The call of a function with a rule of the user's: what it gave is reported, since it may compute with plain
    arrays."""

    @functools.wraps(original)
    def watched_apply(rule, leaves):
        found = who_watches()
        trace = find_top_trace(leaves) if found else None
        if trace is None:
            return original(rule, leaves)
        outputs, seconds, inside = timed(original, rule, leaves)
        ans = outputs[0] if len(outputs) == 1 else tuple(outputs)
        call = Call(trace, stand_in(rule.name), leaves, {}, current_place(), ans, seconds, inside, within.get())
        for watcher in found:
            watcher.called(call)
        return outputs

    return watched_apply


@functools.cache
def stand_in(name: str) -> Callable:
    """What is reported in place of a primitive, for a function that is none."""
    def called(*args):
        raise NotImplementedError

    called.__name__ = name
    return called


replacements += [
    (backward, "backward_pass", make_pass), (Jitted, "__call__", make_call), (custom_calls, "apply_rule", make_apply)]
