"""The parameters of a differential equation, by the gradient through its solver."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import grad, numpy as anp
from autodiff_trace.scipy.integrate import odeint, quad, solve_ivp

Vector = NDArray[np.float64]


def field(y: Vector, t: float, rates: Vector) -> Vector:
    prey, predators = y
    a, b, c, d = rates
    return anp.array([a * prey - b * prey * predators, d * prey * predators - c * predators])


def mismatch(rates: Vector, times: Vector, observed: Vector) -> float:
    path = odeint(field, np.array([1.0, 0.5]), times, args=(rates,))
    return anp.mean((path - observed) ** 2)


def period(length: float) -> float:
    value, error = quad(lambda angle: 1.0 / anp.sqrt(1.0 - 0.5 * anp.sin(angle) ** 2), 0.0, np.pi / 2)
    return 4.0 * anp.sqrt(length / 9.81) * value


def decay(rate: float) -> float:
    solution = solve_ivp(lambda t, y: -rate * y, (0.0, 1.0), np.array([1.0]), rtol=1e-8)
    return solution.y[0, -1]


def main() -> None:
    times = np.linspace(0.0, 1.0, 6)
    rates = np.array([1.0, 0.5, 0.8, 0.4])
    observed = odeint(field, np.array([1.0, 0.5]), times, args=(rates,))
    gradient = grad(mismatch)(rates + 0.1, times, observed)
    assert gradient.shape == (4,)
    assert grad(period)(1.0) > 0.0
    assert abs(grad(decay)(0.5) + np.exp(-0.5)) < 1e-5
