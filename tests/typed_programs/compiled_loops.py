"""``jit`` bare and with options, on functions and methods; loops as single steps."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import fori_loop, grad, graph, jit, numpy as anp, scan

Vector = NDArray[np.float64]


@jit
def norm_squared(x: Vector) -> float:
    return anp.sum(x**2)


@jit(static_argnames=("order",))
def moment(x: Vector, order: int = 2) -> float:
    return anp.mean(x**order)


class Oscillator:
    def __init__(self, omega: float) -> None:
        self.omega = omega

    @jit
    def advance(self, state: Vector, h: float) -> Vector:
        position, velocity = state
        return anp.array([position + h * velocity, velocity - h * self.omega**2 * position])


def newton_root(a: float) -> float:
    def body(i: int, x: float) -> float:
        return 0.5 * (x + a / x)

    return fori_loop(0, 20, body, 1.0)


def trajectory(start: Vector, steps: int) -> tuple[Vector, Vector]:
    def step(state: Vector, _: None) -> tuple[Vector, Vector]:
        new = 0.9 * state + 0.1
        return new, new

    return scan(step, start, length=steps)


def main() -> None:
    x = np.array([1.0, 2.0])
    assert norm_squared(x) == 5.0 == norm_squared(x)
    assert moment(x, order=1) == 1.5
    assert norm_squared.cache_info().hits >= 0
    assert Oscillator(2.0).advance(x, 0.1).shape == (2,)
    assert abs(newton_root(4.0) - 2.0) < 1e-12
    assert abs(grad(newton_root)(4.0) - 0.25) < 1e-9
    end, all_states = trajectory(x, 3)
    assert all_states.shape == (3, 2) and end[0] == all_states[-1, 0]
    compiled_gradient = jit(grad(norm_squared))
    assert np.all(compiled_gradient(x) == 2 * x)
    print(graph(norm_squared, x), norm_squared.graph(x))
    norm_squared.clear_cache()
