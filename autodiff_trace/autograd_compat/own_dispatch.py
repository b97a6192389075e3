"""Functions of clients that find the boxes among their arguments themselves, and box what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.tracer import boxers, to_value
from .primitives import find_rules, primitive
from .util import subvals

__all__ = ["CallNode"]


class CallNode:
    """What such a function makes of its call, in the place of a node of the trace: ``box`` lets the trace record it."""

    def __init__(
        self, value: Any, fun: Callable, args: Sequence, kwargs: dict, argnums: Sequence, parents: Sequence
    ) -> None:
        self.fun, self.args, self.kwargs, self.argnums, self.parents = fun, args, kwargs, argnums, parents

    def box(self, value: Any, trace: Any) -> Any:
        """The answer ``value`` in ``trace``, with the rules of the function."""
        plain = to_value(value)
        step = primitive(lambda *args, **kwargs: plain)
        rules = find_rules(self.fun) or step.rules
        if rules.vjpmaker is not None:
            step.rules.set_vjp(rules.vjpmaker, rules.vjpmakers)
        if rules.jvpmaker is not None:
            step.rules.set_jvp(rules.jvpmaker)
        boxes = [
            boxers[type(self.args[i])](self.args[i], trace, node) for i, node in zip(self.argnums, self.parents)
        ]
        return step(*subvals(self.args, zip(self.argnums, boxes)), **self.kwargs)
