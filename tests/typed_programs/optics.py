"""A calculation in a hundred small NumPy calls: broadcasting, indexing, selections, writes into buffers."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import grad, numpy as anp

Real = NDArray[np.float64]


def fresnel(angle: float, n1: float, n2: float) -> float:
    cos_i = anp.cos(angle)
    sin_t = n1 / n2 * anp.sin(angle)
    cos_t = anp.sqrt(anp.maximum(1.0 - sin_t**2, 1e-12))
    rs = ((n1 * cos_i - n2 * cos_t) / (n1 * cos_i + n2 * cos_t)) ** 2
    rp = ((n1 * cos_t - n2 * cos_i) / (n1 * cos_t + n2 * cos_i)) ** 2
    return 0.5 * (rs + rp)


def heat(initial: Real, steps: int, rate: float) -> Real:
    u = initial
    for _ in range(steps):
        new = anp.zeros(u.shape)
        new[1:-1] = u[1:-1] + rate * (u[2:] - 2 * u[1:-1] + u[:-2])
        new[0] = u[0]
        new[-1] = u[-1]
        u = new
    return u


def huber(x: Real, delta: float = 1.0) -> float:
    size = anp.abs(x)
    return anp.sum(anp.where(size < delta, 0.5 * x**2, delta * (size - 0.5 * delta)))


def table(n: int) -> Real:
    rows, columns = anp.meshgrid(anp.arange(n), anp.linspace(0.0, 1.0, n), indexing="ij")
    stacked = anp.concatenate([rows.ravel(), columns.ravel()]).reshape(2, -1)
    parts = anp.split(stacked, 2)
    return anp.vstack(parts).T.astype(anp.float64)


def summary(x: Real) -> tuple[float, float, int]:
    order = anp.argsort(x)
    return anp.median(x[order]), x.std() + anp.var(x, ddof=1), int(anp.argmax(x))


def running(x: Real) -> Real:
    total = anp.add.reduce(x, axis=0)
    grid = anp.multiply.outer(x, x)
    return anp.cumsum(x) + total + anp.trace(grid) + anp.einsum("ij->i", grid) + anp.clip(x, 0.0, 1.0) * anp.pi


def main() -> None:
    assert grad(fresnel)(0.5, 1.0, 1.5) > 0.0
    bump = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
    jacobian_row: Real = grad(lambda u: heat(u, 3, 0.2)[2])(bump)
    assert abs(jacobian_row.sum() - 1.0) < 1e-12
    assert grad(huber)(np.array([0.5, -3.0])).tolist() == [0.5, -1.0]
    assert table(3).shape == (9, 2) and table(3).dtype == anp.float64
    assert summary(np.array([3.0, 1.0, 2.0]))[2] == 0
    assert running(np.ones(3)).shape == (3,)
    x = anp.array([1.0, 2.0])
    x += 1.0
    value = 2.0 * anp.exp(-x) if x[0] > 0 else anp.zeros_like(x)
    assert value.ndim == 1 and len(value) == anp.size(value) == 2 and anp.shape(value) == (2,)
    assert isinstance(float(anp.sum(value)), float) and round(float(value[0]), 3) == 0.271
