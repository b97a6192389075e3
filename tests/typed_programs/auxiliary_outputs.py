"""Functions that return more than their value, and several arguments at once."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import checkpoint, deriv, derivatives, grad, grad_and_aux, numpy as anp, stop_gradient, to_numpy
from autodiff_trace import value_and_grad

Vector = NDArray[np.float64]


def with_residual(a: float) -> tuple[float, dict[str, float]]:
    residual = 2.0 * a - 5.0
    return residual**2, {"residual": residual}


def product(a: float, b: float, *, scale: float = 1.0) -> float:
    return scale * a * b**2


def deep(x: Vector) -> float:
    layer = checkpoint(lambda h: anp.tanh(2.0 * h))
    for _ in range(3):
        x = layer(x)
    return anp.sum(x)


def detached(x: Vector) -> float:
    constant = stop_gradient(x)
    print(to_numpy(x).shape)
    return anp.sum(constant * x)


def main() -> None:
    (value, aux), gradient = value_and_grad(with_residual, has_aux=True)(3.0)
    assert (value, aux["residual"], gradient) == (1.0, 1.0, 4.0)
    slope, again = grad(with_residual, has_aux=True)(3.0)
    assert slope == 4.0 and again["residual"] == 1.0
    assert grad_and_aux(with_residual)(3.0)[1]["residual"] == 1.0
    da, db = grad(product, argnums=(0, 1))(3.0, 5.0, scale=2.0)
    assert (da, db) == (50.0, 60.0)
    named = grad(product, argnames=("b",))(3.0, b=5.0)
    assert named["b"] == 30.0
    x = np.array([0.1, 0.2])
    assert grad(deep)(x).shape == (2,)
    assert np.all(grad(detached)(x) == x)
    assert deriv(product)(3.0, 2.0) == 4.0
    assert derivatives(anp.exp, 2)(0.0)[2] == 1.0
