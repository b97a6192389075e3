"""Common subexpressions: of steps that compute the same from the same values the first serves for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.traits import traits_of
from ..backends.numpy_source import calls
from ..ir.node import LIVE, Node

__all__ = ["identify", "is_pure", "merger"]


def merger() -> Callable[[Node], Node]:
    """What gives for each step of a program, in their order, the first that computes the same."""
    seen: dict[Any, Node] = {}
    known: dict[Node, Any] = {}  # what constants are

    def merge(step: Node) -> Node:
        if step.kind != "call":
            return step
        args = []
        for arg in step.args:
            if type(arg) is not Node:
                arg = identify(arg)
            elif arg.kind == "constant":
                if arg not in known:
                    known[arg] = identify(arg)
                arg = known[arg]
            args.append(arg)
        state = tuple(step.errstate.items()) if step.errstate else None
        keywords = identify(tuple(step.kwargs.items())) if step.kwargs else ()
        try:
            args = frozenset(args) if traits_of(step.function).commutative else tuple(args)
            first = seen.setdefault((step.function, state, args, keywords), step)
        except TypeError:  # an argument, or the function, cannot be hashed
            return step
        return first if first is not step and is_pure(step) else step

    return merge


def is_pure(step: Node) -> bool:
    """Whether a step gives the same whenever it is called, and no one writes into what it gives."""
    if step.function in (calls.assign, calls.copy):
        return False
    module = getattr(step.function, "__module__", None) or type(step.function).__module__
    return module.partition(".")[0] in ("numpy", "autodiff_trace", "_operator", "operator", "builtins")


def identify(arg: Any) -> Any:
    """What two arguments have in common if they are surely the same."""
    kind = type(arg)
    if kind is Node:
        if arg.kind == "constant" and arg.name != LIVE:
            return identify(arg.value)
        return id(arg)
    if kind is tuple or kind is list:
        return kind, tuple([identify(item) for item in arg])
    if kind is slice:
        return slice, identify((arg.start, arg.stop, arg.step))
    if kind is np.ndarray:
        return (arg.dtype, arg.shape, arg.tobytes()) if arg.size <= 16 else (kind, id(arg))
    if kind in (int, float, complex, bool) or isinstance(arg, np.generic):
        return kind, repr(arg)  # 0.0 is not -0.0
    return kind, arg
