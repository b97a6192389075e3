"""What is put around a random program: functions of the program and of ``jit``, for which the identity may stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff_trace import (
    checkpoint, grad, hessian, hvp, jacfwd, jacobian, jvp, tree_leaves, tree_map, value_and_grad, vjp, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.testing import is_inexact

__all__ = ["TRANSFORMS"]


def total(output: Any) -> Any:
    """The sum of all floating-point numbers in it."""
    return sum([anp.sum(leaf) * (i + 1.0) for i, leaf in enumerate(tree_leaves(output)) if is_inexact(leaf)], 0.0)


def total_of(f: Callable) -> Callable:
    return lambda *args: total(f(*args))


def direction(x: Any) -> Any:
    """A tangent for ``x``, or a cotangent: numbers that differ."""
    if not is_inexact(x):
        return x
    return np.cos(np.arange(np.size(x))).reshape(np.shape(x)).astype(np.result_type(x))[()]


def push(f, jit):
    return lambda x, *rest: jvp(lambda x: f(x, *rest), (x,), (tree_map(direction, x),))


def pull(f, jit):
    def pulled(*args):
        output, pullback = vjp(f, *args)
        return output, pullback(tree_map(direction, output))

    return pulled


def mapped(f, jit):
    return lambda x, *rest: vmap(lambda factor: f(tree_map(lambda leaf: leaf * factor, x), *rest))(FACTORS)


def inside(f, jit):
    compiled = jit(f)
    return lambda *args: (tree_map(lambda leaf: leaf * 2 if is_inexact(leaf) else leaf, compiled(*args)), f(*args))


FACTORS = np.array([0.5, 1.0, -1.5])

TRANSFORMS: dict[str, Callable] = {
    "none": lambda f, jit: f,
    "grad": lambda f, jit: grad(total_of(f)),
    "value_and_grad": lambda f, jit: value_and_grad(total_of(f)),
    "grad of grad": lambda f, jit: grad(total_of(grad(total_of(f)))),
    "grad of checkpoint": lambda f, jit: grad(total_of(checkpoint(f))),
    "grad of jit": lambda f, jit: grad(total_of(jit(f))),
    "jit": inside,
    "jvp": push,
    "vjp": pull,
    "jvp of grad": lambda f, jit: push(grad(total_of(f)), jit),
    "hvp": lambda f, jit: lambda x, *rest: hvp(lambda x: total(f(x, *rest)))(x, tree_map(direction, x)),
    "vmap": mapped,
    "vmap of grad": lambda f, jit: mapped(grad(total_of(f)), jit),
    "vmap of jit": lambda f, jit: mapped(jit(f), jit),
    "grad of vmap": lambda f, jit: grad(total_of(mapped(f, jit))),
    "jacobian": lambda f, jit: jacobian(f),
    "jacfwd": lambda f, jit: jacfwd(f),
    "hessian": lambda f, jit: hessian(total_of(f)),
}
