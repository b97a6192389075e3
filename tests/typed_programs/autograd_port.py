"""A program written for autograd, on ``autograd_compat``."""

import autodiff_trace.autograd_compat.numpy as anp
import numpy as np
from autodiff_trace.autograd_compat import elementwise_grad, grad, jacobian, value_and_grad
from autodiff_trace.autograd_compat.misc.optimizers import adam
from numpy.typing import NDArray


def objective(params: NDArray[np.float64], iteration: int) -> float:
    return anp.sum((params - 3.0) ** 2) + 0.0 * anp.linalg.norm(params)


def main() -> None:
    start = np.zeros(2)
    found = adam(grad(objective), start, num_iters=50, step_size=0.2)
    assert np.all(np.abs(found - 3.0) < 1.0)
    value, slope = value_and_grad(objective)(start, 0)
    assert value == 18.0 and slope[0] == -6.0
    assert jacobian(lambda x: anp.sin(x))(start).shape == (2, 2)
    assert np.all(elementwise_grad(anp.tanh)(start) == 1.0)
