"""Functions whose definition branches on values: primitives whose every derivative runs the definition anew.

A definition that asks ``if x > 0`` or sorts by value cannot run on a whole batch. As a primitive the function is called
for each element of a batch, and so are its pullbacks, which are made here from the definition.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.array_ops import array_ops
from ..core.primitives import primitive
from ..core.pytree import tree_flatten
from ..core.reverse import backward_pass, defvjp_all, trace_vjp

__all__ = ["by_value"]


def by_value(function: Callable, definition: Callable) -> Callable:
    """The primitive ``function``, with the derivatives of ``definition``."""
    prim = primitive(function)

    @functools.cache
    def pullback_of(argnums: tuple[int, ...]) -> Callable:
        def pull(g, *args, **kwargs):
            return pull_back(definition, argnums, g, args, kwargs)

        pull.__name__ = f"pullback of {prim.__name__}"
        return by_value(pull, pull)

    def vjp_all(argnums, g, ans, args, kwargs):
        return pullback_of(tuple(argnums))(g, *args, **kwargs)

    defvjp_all(prim, vjp_all)
    return prim


def pull_back(definition: Callable, argnums: tuple[int, ...], g: Any, args: tuple, kwargs: dict) -> tuple:
    """The cotangents of the arguments in ``argnums``; ``g`` is one cotangent, or a tuple for several outputs."""

    def traced(*values):
        new = list(args)
        for argnum, value in zip(argnums, values):
            new[argnum] = value
        return tree_flatten(definition(*new, **kwargs))[0]

    inputs = [args[argnum] for argnum in argnums]
    _, nodes, input_nodes = trace_vjp(traced, inputs)
    seeds = [(node, each) for node, each in zip(nodes, tree_flatten(g)[0], strict=True) if node is not None]
    gradients = backward_pass(seeds)
    return tuple(
        gradients[node.index] if node.index in gradients else array_ops.zeros_like(x)
        for node, x in zip(input_nodes, inputs)
    )
