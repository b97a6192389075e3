"""Newton's method and trust regions: Jacobians, Hessians, products with them."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import (
    grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, linearize, make_ggnvp, numpy as anp, value_grad_and_hvp, vjp,
)

Vector = NDArray[np.float64]


def rosenbrock(x: Vector) -> float:
    return anp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def newton(x: Vector, steps: int) -> Vector:
    slope, curvature = grad(rosenbrock), hessian(rosenbrock)
    for _ in range(steps):
        x = x - anp.linalg.solve(curvature(x), slope(x))
    return x


def residuals(x: Vector) -> Vector:
    return anp.stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def gauss_newton(x: Vector) -> Vector:
    J: Vector = jacobian(residuals)(x)
    return x - anp.linalg.lstsq(J, residuals(x))[0]


def main() -> None:
    x = np.array([0.9, 0.8])
    assert np.allclose(newton(x, 6), 1.0)
    assert np.allclose(jacfwd(residuals)(x), jacrev(residuals)(x))
    v = np.array([1.0, -1.0])
    assert np.allclose(hvp(rosenbrock)(x, v), hessian(rosenbrock)(x) @ v)
    value, gradient, product = value_grad_and_hvp(rosenbrock)(x, v)
    assert value == rosenbrock(x) and gradient.shape == product.shape
    output, pull = vjp(residuals, x)
    (back,) = pull(output)
    assert np.allclose(back, jacobian(residuals)(x).T @ output)
    output, tangent = jvp(residuals, (x,), (v,))
    _, push = linearize(residuals, x)
    assert np.allclose(push(v), tangent)
    assert np.allclose(make_ggnvp(residuals)(x)(v), jacobian(residuals)(x).T @ tangent)
    assert gauss_newton(x).shape == (2,)
