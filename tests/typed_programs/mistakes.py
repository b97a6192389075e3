"""Mistakes that a checker has to report, each on a line that says so; nothing here is called."""

import numpy as np

import autodiff_trace as at
from autodiff_trace import grad, jit, numpy as anp, optim, value_and_grad, vmap
from autodiff_trace.numpy import linalg
from autodiff_trace.scipy import special, stats


def loss(w: float, x: float, *, scale: float = 1.0) -> float:
    return scale * (w * x) ** 2


@jit
def compiled(x: float) -> float:
    return x**2


def wrong_names() -> None:
    anp.sine(1.0)  # mistake
    anp.relu(1.0)  # mistake
    linalg.determinant(np.eye(2))  # mistake
    anp.linalg.sovle(np.eye(2), np.ones(2))  # mistake
    anp.fft.ftt(np.ones(2))  # mistake
    anp.random.nromal()  # mistake
    special.gamma_ln(1.0)  # mistake
    stats.norm.logpdff(1.0)  # mistake
    at.gard(loss)  # mistake
    at.optim.adamm(0.1)  # mistake
    at.nn.rellu(1.0)  # mistake
    at.testing.check_gradient(loss, 1.0)  # mistake
    compiled.grap(1.0)  # mistake


def wrong_keywords() -> None:
    anp.sum(np.ones(2), axes=0)  # mistake
    anp.zeros(3, dtpye=float)  # mistake
    anp.linalg.norm(np.ones(2), order=1)  # mistake
    anp.sin(1.0, were=True)  # mistake
    grad(loss, argnum=0)  # mistake
    value_and_grad(loss, has_auxiliary=True)  # mistake
    vmap(loss, axes=0)  # mistake
    jit(loss, static_argnums=1)  # mistake
    optim.adam(lr=0.1)  # mistake
    special.logsumexp(np.ones(2), axes=0)  # mistake


def wrong_calls() -> None:
    grad(loss)(1.0)  # mistake
    grad(loss)(1.0, 2.0, 3.0)  # mistake
    grad(loss)(1.0, 2.0, factor=3.0)  # mistake
    grad(loss)("1.0", 2.0)  # mistake
    compiled()  # mistake
    vmap(loss)(1.0, y=2.0)  # mistake
    value_and_grad(compiled)(None)  # mistake
    anp.sin(None)  # mistake
    anp.sin()  # mistake
    anp.linalg.solve(np.eye(2))  # mistake
    grad(1.0)  # mistake
    optim.sgd("fast")  # mistake


def wrong_results() -> None:
    value, slope, more = value_and_grad(loss)(1.0, 2.0)  # mistake
    text: str = compiled(1.0)  # mistake
    print(value, slope, more, text)


def main() -> None:
    assert compiled(2.0) == 4.0
