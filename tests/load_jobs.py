"""What test_load hands to other processes: functions and transformations of them, found by name."""

from __future__ import annotations

import numpy as np

from autodiff_trace import grad, jit, optim
from autodiff_trace import numpy as anp

__all__ = ["X", "call", "loss", "slope", "take_step"]

X = np.linspace(-1.0, 1.0, 5)


def loss(x, a=1.5):
    return anp.sum(anp.sin(x * a) * x)


@jit
def slope(x):
    return grad(loss)(x)


def call(function, *args):
    return function(*args)


def take_step(optimizer, params, state):
    return optimizer.update(grad(loss)(params), state, params)


adam = optim.adam(0.1)
