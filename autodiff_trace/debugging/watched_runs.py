"""What takes the place of the backward pass, and of the call of a compiled function, while somebody watches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any

from ..compiler.jitted import Jitted
from ..compiler.record.containers import run_on_copies
from ..core import backward
from ..core.errors import caller_place
from ..core.fast.donation import Overwriting
from .watching import Pull, is_inside, replacements, timed, who_watches, within

__all__: list[str] = []


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
    # Nothing is written into: who watches is to see the cotangent as it was.
    bound = (node[0], rules.bind(False, g), *node[2:]) if isinstance(rules, Overwriting) else node
    place = getattr(node[5], "place", None)
    token = within.set((caller_place(), place, node[6]))
    try:
        pulled, seconds, inside = timed(lambda: list(backward.pull_node(bound, g)))
    finally:
        within.reset(token)
    pull = Pull(node, g, pulled, place, seconds, inside)
    for watcher in who_watches():
        watcher.pulled(pull)
    return pulled


def make_call(original: Callable) -> Callable:
    """The call of a compiled function, which runs it as it is: programs tell nobody what they do."""

    @functools.wraps(original)
    def watched_call(self, /, *args, **kwargs):
        if not who_watches():
            return original(self, *args, **kwargs)
        return run_on_copies(self.fun, args, kwargs)

    return watched_call


replacements += [(backward, "backward_pass", make_pass), (Jitted, "__call__", make_call)]
