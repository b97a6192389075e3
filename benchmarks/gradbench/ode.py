"""ode: y₀' = x₀, yᵢ' = xᵢ yᵢ₋₁ from y = 0, by the classical Runge-Kutta method over [0, 2] (cmpad's an_ode).

The gradient is that of the last component. Exactly, yᵢ(2) is the product of all 2 xⱼ/(j + 1) up to i.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import fori_loop, grad
from autodiff_trace import numpy as anp

from .evaluation import SEED, Case, Eval, Function

__all__ = ["EVAL", "make_cases", "solve"]

DURATION = 2.0


def solve(x, steps, np=anp, loop=fori_loop):
    def slope(y):
        return x * np.concatenate([one, y[:-1]])

    def step(i, y):
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    h, one = DURATION / steps, np.ones(1)
    return loop(0, steps, step, np.zeros(len(x)))


def last(x, steps):
    return solve(x, steps)[-1]


def arguments(input) -> tuple:
    return np.array(input["x"], dtype=float), int(input["s"])


def primal(input, compile):
    x, steps = arguments(input)
    function = compile(lambda x: solve(x, steps))
    return lambda: function(x)


def gradient(input, compile):
    x, steps = arguments(input)
    function = compile(grad(lambda x: last(x, steps)))
    return lambda: function(x)


def expected_primal(input) -> list:
    def loop(first, end, body, y):
        for i in range(first, end):
            y = body(i, y)
        return y

    return solve(*arguments(input), np, loop).tolist()


def expected_gradient(input) -> list:
    """The suite's: of the exact solution, to which the method's is close enough for its tolerance."""
    x, _ = arguments(input)
    return (np.prod(DURATION * x / np.arange(1, len(x) + 1)) / x).tolist()


def make_cases(sizes) -> Iterator[Case]:
    random = np.random.RandomState(SEED)
    for n, steps in sizes:
        yield Case(f"n={n},s={steps}", {"x": random.rand(n), "s": steps})


def cases(data: Path | None) -> Iterator[Case]:
    sizes = [(n, steps) for n in (1000, 10_000, 100_000) for steps in (1, 10, 100)]
    return make_cases(sorted(sizes, key=lambda size: size[0] * size[1]))


EVAL = Eval("ode", {
    "primal": Function(primal, np.ndarray.tolist, expected_primal),
    "gradient": Function(gradient, np.ndarray.tolist, expected_gradient),
}, cases)
