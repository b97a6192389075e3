"""llsq: half the squared distance of a polynomial from the sign function on n points in [−1, 1] (cmpad's llsq_obj)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import grad
from autodiff_trace import numpy as anp

from .evaluation import SEED, Case, Eval, Function

__all__ = ["EVAL", "half_squares", "make_cases"]


def half_squares(x, t):
    powers = anp.vander(t, len(x), increasing=True)
    residuals = anp.sign(t) - powers @ x
    return 0.5 * anp.sum(residuals**2)


def arguments(input) -> tuple:
    n = int(input["n"])
    return np.array(input["x"], dtype=float), -1.0 + np.arange(n) * 2.0 / (n - 1)


def primal(input, compile):
    values, function = arguments(input), compile(half_squares)
    return lambda: function(*values)


def gradient(input, compile):
    values, function = arguments(input), compile(grad(half_squares))
    return lambda: function(*values)


def expected_residuals(input) -> tuple:
    """Horner's scheme."""
    x, t = arguments(input)
    polynomial = np.zeros_like(t)
    for coefficient in x[::-1]:
        polynomial = polynomial * t + coefficient
    return t, np.sign(t) - polynomial


def expected_primal(input) -> float:
    _, residuals = expected_residuals(input)
    return float(0.5 * residuals @ residuals)


def expected_gradient(input) -> list:
    t, residuals = expected_residuals(input)
    return [float(-residuals @ t**j) for j in range(len(input["x"]))]


def make_cases(sizes, m: int = 128) -> Iterator[Case]:
    random = np.random.RandomState(SEED)
    for n in sizes:
        yield Case(f"n={n},m={m}", {"x": random.rand(m), "n": n})


def cases(data: Path | None) -> Iterator[Case]:
    return make_cases((16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8196, 16392))


EVAL = Eval("llsq", {
    "primal": Function(primal, float, expected_primal),
    "gradient": Function(gradient, np.ndarray.tolist, expected_gradient),
}, cases)
