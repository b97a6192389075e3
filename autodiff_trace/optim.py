"""Optimisers as pure functions on pytrees: a state in, a state out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from .core.pytree import tree_map
from .core.unknown_names import unknown_keyword, unknown_name
from .numpy import wrapped as anp

__all__ = ["Optimizer", "adam", "sgd"]


class Optimizer(NamedTuple):
    """``init(params)`` makes a state; ``update(grads, state, params)`` returns ``(params, state)`` one step on.

    Parameters are a pytree of arrays; leaves whose gradient is None (they are no numbers) stay as they are. Complex
    ones descend along the conjugate of their gradient, as they have to by its convention. Nothing is modified in place.

    >>> optimizer = sgd(0.25)
    >>> params, state = 4.0, optimizer.init(4.0)
    >>> for _ in range(2):
    ...     params, state = optimizer.update(2 * params, state, params)
    >>> params
    1.0
    """

    init: Callable[[Any], Any]
    update: Callable[[Any, Any, Any], tuple[Any, Any]]


def sgd(learning_rate: float, momentum: float = 0.0, **unknown: NoReturn) -> Optimizer:
    """Gradient descent, with momentum v ← momentum·v + g, p ← p − learning_rate·v (Polyak, 1964).

    >>> optimizer = sgd(0.5)
    >>> optimizer.update({"w": 2.0}, optimizer.init({"w": 1.0}), {"w": 1.0})[0]
    {'w': 0.0}
    """
    if unknown:
        raise unknown_keyword("sgd", unknown)

    def init(params):
        return tree_map(zeros, params) if momentum else None

    def update(grads, state, params):
        if momentum:
            state = tree_map(lambda v, g: v if g is None else momentum * v + uphill(g), state, grads)

        def step(p, g, v):
            return p if g is None else move(p, -learning_rate * (v if momentum else uphill(g)))

        return tree_map(step, params, grads, state if momentum else grads), state

    return Optimizer(init, update)


class AdamState(NamedTuple):
    """The number of steps so far, and running means of the gradients and of their squares."""

    count: int
    mean: Any
    square: Any


def adam(
    learning_rate: float = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, **unknown: NoReturn
) -> Optimizer:
    """Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1).

    >>> optimizer = adam(0.1)
    >>> params, state = optimizer.update(4.0, optimizer.init(1.0), 1.0)
    >>> round(float(params), 6)
    0.9
    """
    if unknown:
        raise unknown_keyword("adam", unknown)

    def init(params):
        return AdamState(0, tree_map(zeros, params), tree_map(zeros, params))

    def update(grads, state, params):
        count = state.count + 1
        mean = tree_map(lambda m, g: m if g is None else b1 * m + (1 - b1) * uphill(g), state.mean, grads)
        square = tree_map(lambda s, g: s if g is None else b2 * s + (1 - b2) * square_of(g), state.square, grads)
        # The running means start at zero; dividing takes that bias out.
        mean_scale, square_scale = 1 / (1 - b1**count), 1 / (1 - b2**count)

        def step(p, g, m, s):
            if g is None:
                return p
            return move(p, -learning_rate * (m * mean_scale) / ((s * square_scale) ** 0.5 + eps))

        return tree_map(step, params, grads, mean, square), AdamState(count, mean, square)

    return Optimizer(init, update)


def zeros(leaf: Any) -> Any:
    """A zero of the shape and precision of ``leaf``; None for what is no number."""
    if isinstance(leaf, (float, int, complex)) and not isinstance(leaf, bool):
        return 0.0
    kind = getattr(getattr(leaf, "dtype", None), "kind", None)
    return np.zeros_like(leaf) if kind in ("f", "c") else np.zeros(leaf.shape) if kind in ("i", "u") else None


def uphill(g: Any) -> Any:
    """The direction of steepest ascent: the gradient ∂f/∂Re − i ∂f/∂Im of a complex parameter, conjugated."""
    return anp.conjugate(g) if anp.iscomplexobj(g) else g


def square_of(g: Any) -> Any:
    """|g|², element by element."""
    return anp.real(g * anp.conjugate(g)) if anp.iscomplexobj(g) else g * g


def move(p: Any, change: Any) -> Any:
    """``p + change``, in the precision of ``p``, whatever that of the learning rate."""
    new = p + change
    dtype = getattr(p, "dtype", None)
    return new if dtype is None or dtype.kind not in "fc" or new.dtype == dtype else new.astype(dtype)


if not TYPE_CHECKING:  # to which it would say that there is every name
    def __getattr__(name):
        raise unknown_name(__name__, name)
