"""A whole function as one step of a derivative trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import backward
from ..core.array_ops import array_ops
from ..core.reverse import VJPTrace, next_index, trace_vjp
from ..core.tracer import boxers
from ..core.traits import UNKNOWN, Traits

__all__ = ["has_derivative", "number", "record_step", "transpose"]

SCALARS = {bool: np.bool_, int: np.int64, float: np.float64, complex: np.complex128}


TAKES_SELECTED = Traits(takes_selected=True)


def number(leaf: Any) -> Any:
    """A Python number as a NumPy scalar; anything else as it is."""
    return SCALARS[type(leaf)](leaf) if type(leaf) in SCALARS else leaf


def has_derivative(x: Any) -> bool:
    """Whether ``x`` is a floating or complex array, traced or not."""
    return type(x) in boxers and getattr(getattr(x, "dtype", None), "kind", None) in ("f", "c")


def record_step(
    trace: VJPTrace, outputs: Sequence, nodes: list, pull: Callable[[list], Sequence], name: str, *,
    takes_selected: bool = False,
) -> list:
    """``outputs`` boxed for ``trace``, with one node for all of them.

    ``pull(gs)`` gives for each of ``nodes`` its cotangent or None, from those of the outputs (None for one that is no
    floating array). ``takes_selected``: they may be selected, and of outputs that nobody used they are None.
    """
    places = [i for i, x in enumerate(outputs) if has_derivative(x)]
    kept = tuple(array_ops.shape_only(outputs[i]) for i in places)

    def rule(gs, ans):
        full: list = [None] * len(outputs)
        for k, g in enumerate(gs):
            full[places[k]] = gs.reached.get(k) if takes_selected else g
        return pull(full)

    rule.__name__ = name
    rule.traits = TAKES_SELECTED if takes_selected else UNKNOWN
    node = (next_index(), rule, nodes, kept, (), {}, rule)
    boxed = list(outputs)
    for k, i in enumerate(places):
        boxed[i] = boxers[type(outputs[i])](outputs[i], trace, trace.output_node(node, kept, k))
    return boxed


def transpose(linear: Callable[[list], Sequence], likes: Sequence, cotangents: Sequence) -> list:
    """The transpose of a linear function, of lists of arrays like ``likes``, applied to ``cotangents``.

    That is its VJP, at whatever point. None stands for zero, also in the result.
    """
    zeros = [array_ops.zeros_like(x)[()] for x in likes]
    _, ends, inputs = trace_vjp(lambda *xs: linear(list(xs)), zeros)
    seeds = [(end, g) for end, g in zip(ends, cotangents) if end is not None and g is not None]
    return backward.backward_pass(seeds, inputs)
