"""Rules of the elementwise functions: one line a function, alphabetical."""

from __future__ import annotations

from .. import wrapped as anp
from ..definers import elementwise



def share(x, y, ans):
    """1 where ``x`` is the answer of ``maximum(x, y)``, one half where both are."""
    return anp.where(anp.equal(x, y), 0.5, anp.equal(x, ans))


def power_slope_x(ans, x, y):
    """y xʸ⁻¹, and 0 where y = 0, also at x = 0."""
    if type(y) in (int, float):
        return 2 * x if y == 2 else y * x ** (y - 1) if y else anp.zeros_like(x)
    zero = anp.equal(y, 0)
    return y * x ** anp.where(zero, 1, y - 1)


def power_slope_y(ans, x, y):
    """xʸ log x, and 0 at x = 0."""
    zero = anp.equal(x, 0)
    return anp.where(zero, 0, ans * anp.log(anp.where(zero, 1, x)))


elementwise(anp.add, 1, 1)
elementwise(anp.arccos, lambda ans, x: -1 / anp.sqrt(1 - x * x), singular=True)
elementwise(anp.arccosh, lambda ans, x: 1 / anp.sqrt(x * x - 1), singular=True)
elementwise(anp.arcsin, lambda ans, x: 1 / anp.sqrt(1 - x * x), singular=True)
elementwise(anp.arcsinh, lambda ans, x: 1 / anp.sqrt(x * x + 1))
elementwise(anp.arctan, lambda ans, x: 1 / (1 + x * x))
elementwise(anp.arctanh, lambda ans, x: 1 / (1 - x * x), singular=True)
elementwise(anp.cos, lambda ans, x: -anp.sin(x))
elementwise(anp.cosh, lambda ans, x: anp.sinh(x))
elementwise(anp.divide, lambda ans, x, y: 1 / y, lambda ans, x, y: -ans / y, singular=True)
elementwise(anp.exp, lambda ans, x: ans)
elementwise(anp.exp2, lambda ans, x: 0.6931471805599453 * ans)
elementwise(anp.expm1, lambda ans, x: ans + 1)
elementwise(anp.log, lambda ans, x: 1 / x, singular=True)
elementwise(anp.log10, lambda ans, x: 0.4342944819032518 / x, singular=True)
elementwise(anp.log1p, lambda ans, x: 1 / (1 + x), singular=True)
elementwise(anp.log2, lambda ans, x: 1.4426950408889634 / x, singular=True)
elementwise(anp.maximum, lambda ans, x, y: share(x, y, ans), lambda ans, x, y: share(y, x, ans))
elementwise(anp.minimum, lambda ans, x, y: share(x, y, ans), lambda ans, x, y: share(y, x, ans))
elementwise(anp.multiply, lambda ans, x, y: y, lambda ans, x, y: x)
elementwise(anp.negative, -1)
elementwise(anp.positive, 1)
elementwise(anp.power, power_slope_x, power_slope_y, singular=True)
elementwise(anp.reciprocal, lambda ans, x: -ans * ans, singular=True)
elementwise(anp.sin, lambda ans, x: anp.cos(x))
elementwise(anp.sinh, lambda ans, x: anp.cosh(x))
elementwise(anp.sqrt, lambda ans, x: 0.5 / ans, singular=True)
elementwise(anp.square, lambda ans, x: 2 * x)
elementwise(anp.subtract, 1, -1)
elementwise(anp.tan, lambda ans, x: 1 + ans * ans)
elementwise(anp.tanh, lambda ans, x: 1 - ans * ans)
