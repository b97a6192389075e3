"""Single precision, containers registered by the user, scalars of NumPy and unions."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from autodiff_trace import check_mutation, grad, numpy as anp, register_pytree

Single = npt.NDArray[np.float32]
Number = float | npt.NDArray[np.float64]


class Pair:
    def __init__(self, left: Single, right: Single) -> None:
        self.left, self.right = left, right


register_pytree(Pair, lambda pair: ([pair.left, pair.right], None), lambda _, leaves: Pair(*leaves))


def energy(pair: Pair) -> np.float32:
    return anp.sum(pair.left * pair.right, dtype=anp.float32)


def force(pair: Pair) -> Pair:
    return grad(energy)(pair)


def softplus(x: Number) -> Number:
    return anp.logaddexp(0.0, x)


def compose(f: Callable[[float], float], g: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: f(g(x))


def first_or(values: list[float], default: float | None) -> float:
    found = anp.array(values) if values else None
    return anp.max(found) if found is not None else default or 0.0


def main() -> None:
    pair = Pair(np.ones(2, np.float32), np.full(2, 3.0, np.float32))
    assert force(pair).left.dtype == anp.float32
    assert softplus(0.0) == np.log(2.0)
    assert np.shape(softplus(np.zeros(3))) == (3,)
    assert grad(compose(anp.sin, anp.square))(0.0) == 0.0
    assert first_or([1.0, 3.0], None) == 3.0 and first_or([], 2.0) == 2.0
    with check_mutation("full"):
        assert grad(lambda x: x**2)(3.0) == 6.0
