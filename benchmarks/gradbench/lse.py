"""lse: log Σ exp(x), shifted by the largest x."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import grad
from autodiff_trace import numpy as anp

from .evaluation import SEED, Case, Eval, Function

__all__ = ["EVAL", "logsumexp", "make_cases"]


def logsumexp(x):
    top = anp.max(x)
    return top + anp.log(anp.sum(anp.exp(x - top)))


def primal(input, compile):
    x, function = np.array(input["x"], dtype=float), compile(logsumexp)
    return lambda: function(x)


def gradient(input, compile):
    x, function = np.array(input["x"], dtype=float), compile(grad(logsumexp))
    return lambda: function(x)


def expected_primal(input) -> float:
    return float(np.logaddexp.reduce(input["x"]))


def expected_gradient(input) -> list:
    return np.exp(np.asarray(input["x"]) - expected_primal(input)).tolist()


def make_cases(sizes) -> Iterator[Case]:
    random = np.random.RandomState(SEED)
    for n in sizes:
        yield Case(f"n={n}", {"x": random.rand(n)})


def cases(data: Path | None) -> Iterator[Case]:
    return make_cases(2500 * 2**i for i in range(10))


EVAL = Eval("lse", {
    "primal": Function(primal, float, expected_primal),
    "gradient": Function(gradient, np.ndarray.tolist, expected_gradient),
}, cases)
