"""Functions with rules of their own, in reverse and in forward mode, and a primitive."""

import math
from functools import partial
from typing import Any

from autodiff_trace import custom_jvp, custom_vjp, extend, grad, numpy as anp


@custom_vjp
def log1pexp(x: float) -> float:
    return anp.log(1.0 + anp.exp(x))


def forward(x: float) -> tuple[float, float]:
    return log1pexp(x), x


def backward(x: float, g: float) -> tuple[float]:
    return (g * (1.0 - 1.0 / (1.0 + anp.exp(x))),)


log1pexp.defvjp(forward, backward)


@custom_jvp
def cube(x: float) -> float:
    return x**3


@cube.defjvp
def cube_jvp(primals: tuple[float], tangents: tuple[float]) -> tuple[float, float]:
    (x,), (t,) = primals, tangents
    return cube(x), 3.0 * x**2 * t


@partial(custom_vjp, nondiff_argnums=(0,))
def power(n: int, x: float) -> float:
    return x**n


power.defvjp(lambda n, x: (x**n, x), lambda n, x, g: (g * n * x ** (n - 1),))


@extend.primitive
def error_function(x: float) -> float:
    return math.erf(x)


def slope(ans: Any, x: Any) -> Any:
    return 2.0 / math.sqrt(math.pi) * anp.exp(-(x**2))


extend.elementwise(error_function, slope)


class Spring:
    def __init__(self, stiffness: float) -> None:
        self.stiffness = stiffness

    def energy(self, x: float) -> float:
        return 0.5 * self.stiffness * log1pexp(x) ** 2


def main() -> None:
    log1pexp.check(0.3)
    assert abs(grad(log1pexp)(0.0) - 0.5) < 1e-12
    assert grad(cube)(2.0) == 12.0
    assert grad(power, argnums=1)(3, 2.0) == 12.0
    assert abs(grad(error_function)(0.0) - 2.0 / math.sqrt(math.pi)) < 1e-12
    force: float = grad(Spring(2.0).energy)(0.1)
    assert force > 0
