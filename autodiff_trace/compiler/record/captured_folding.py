"""Folding: what a function computes from arrays outside alone is a constant, as long as these hold what they hold.

    jit(lambda x: x * np.log(W).sum())    [each call compares W with what it was, which takes less than its logarithm]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..ir.node import LIVE, Node, nodes_in

__all__ = ["Sources", "find_sources", "is_foldable", "is_live_view"]

SMALL = 2**14
"""Bytes of arrays that are compared in less time (0.3 µs) than it takes to read a few of their items."""

Sources = dict[int, np.ndarray]
"""Arrays outside, by their ids."""


def find_sources(args: Iterable, outside: dict[Node, Sources]) -> Sources:
    """The arrays from which alone all ``args`` come; none if that is not so. ``outside``: what is known of nodes."""
    found: Sources = {}
    for node in args:
        if type(node) is Node and node.kind != "constant" and node not in outside:
            return {}  # as a rule
    for node in nodes_in(args):
        if node in outside:
            found.update(outside[node])
        elif node.kind != "constant":
            return {}
    return found


def is_foldable(prim: Callable, ans: Any, sources: Sources) -> bool:
    """Whether ``ans``, computed from ``sources`` alone, had better be a constant: no view, no item of a large array."""
    if prim.__name__ == "getitem" and isinstance(ans, np.generic):
        return sum(source.nbytes for source in sources.values()) <= SMALL
    parts = ans if isinstance(ans, (tuple, list)) else [ans]
    arrays = [part for part in parts if type(part) is np.ndarray]
    return not any(np.may_share_memory(array, source) for array in arrays for source in sources.values())


def is_live_view(ans: Any, args: Iterable) -> bool:
    """Whether ``ans`` is a view of the one array among ``args``, which is read anew in each run."""
    nodes = nodes_in(args)
    return (
        type(ans) is np.ndarray and len(nodes) == 1 and nodes[0].name == LIVE and nodes[0].kind == "constant"
        and np.may_share_memory(ans, nodes[0].value)
    )
