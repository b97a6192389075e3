"""Gradient descent on containers of parameters: each step, for step, in autograd's arithmetic.

``optim`` has optimisers as pure functions of a state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...numpy import wrapped as anp
from ..wrap_util import wraps
from .flatten import flatten

__all__ = ["adam", "rmsprop", "sgd", "unflatten_optimizer"]


def unflatten_optimizer(optimize: Callable[..., Any]) -> Callable[..., Any]:
    """From ``optimize(grad, x, callback, …)``, an optimiser of a vector, to one of a container, as ``flatten`` has it.

    Of the optimiser that this gives, ``grad(params, i)`` is the gradient in step ``i``, a container like ``params``,
    and ``callback(params, i, gradient)``, if it is there, is called in each step before ``params`` change.
    """

    @wraps(optimize)
    def of_containers(grad, x0, callback=None, *args, **kwargs):
        start, unflatten = flatten(x0)

        def flat_grad(x, i):
            return flatten(grad(unflatten(x), i))[0]

        def flat_callback(x, i, g):
            callback(unflatten(x), i, unflatten(g))

        return unflatten(optimize(flat_grad, start, flat_callback if callback else None, *args, **kwargs))

    return of_containers


def descend(grad: Callable, x: Any, callback: Callable | None, num_iters: int, change: Callable) -> Any:
    """``x`` after ``num_iters`` steps ``x ← x + change(g, i)``."""
    for i in range(num_iters):
        g = grad(x, i)
        if callback:
            callback(x, i, g)
        x = x + change(g, i)
    return x


@unflatten_optimizer
def sgd(
    grad: Callable[..., Any], x: Any, callback: Callable[..., Any] | None = None, num_iters: int = 200,
    step_size: float = 0.1,
    mass: float = 0.9,
) -> Any:
    """Gradient descent with momentum: v ← mass·v − (1 − mass)·g, x ← x + step_size·v.

    >>> float(sgd(lambda x, i: 2.0 * x, 1.0, num_iters=2).round(12))
    0.9424
    """
    velocity = np.zeros(len(x))

    def change(g, i):
        nonlocal velocity
        velocity = mass * velocity - (1.0 - mass) * g
        return step_size * velocity

    return descend(grad, x, callback, num_iters, change)


@unflatten_optimizer
def rmsprop(
    grad: Callable[..., Any], x: Any, callback: Callable[..., Any] | None = None, num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9, eps: float = 1e-8,
) -> Any:
    """Gradient descent with each element divided by the root of the running mean of its squares, which starts at 1
    (T. Tieleman and G. Hinton, "Lecture 6.5: RMSProp", 2012).

    >>> float(rmsprop(lambda x, i: 2.0 * x, 1.0, num_iters=1).round(6))
    0.824588
    """
    mean_square = np.ones(len(x))

    def change(g, i):
        nonlocal mean_square
        mean_square = mean_square * gamma + g**2 * (1 - gamma)
        return -(step_size * g / (anp.sqrt(mean_square) + eps))

    return descend(grad, x, callback, num_iters, change)


@unflatten_optimizer
def adam(
    grad: Callable[..., Any], x: Any, callback: Callable[..., Any] | None = None, num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8,
) -> Any:
    """Adam (D. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1).

    >>> float(adam(lambda x, i: 2.0 * x, 1.0, num_iters=1, step_size=0.1).round(6))
    0.9
    """
    mean, mean_square = np.zeros(len(x)), np.zeros(len(x))

    def change(g, i):
        nonlocal mean, mean_square
        mean = (1 - b1) * g + b1 * mean
        mean_square = (1 - b2) * g**2 + b2 * mean_square
        unbiased, unbiased_square = mean / (1 - b1 ** (i + 1)), mean_square / (1 - b2 ** (i + 1))
        return -(step_size * unbiased / (anp.sqrt(unbiased_square) + eps))

    return descend(grad, x, callback, num_iters, change)
