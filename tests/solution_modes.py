"""Solutions of problems, compared in every mode with their closed form, or with Newton's method written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff_trace import jacfwd, jacobian, jacrev, jit, vmap
from autodiff_trace import numpy as anp

__all__ = ["compare_modes", "newton_written_out"]


def compare_modes(solve: Callable, exact: Callable, p: Any, tolerance: float = 1e-6, order: int = 1) -> None:
    """``solve(p)``, an array, has the value of ``exact(p)`` as solvers find it, and its derivatives."""
    def same(found, expected, allowed=tolerance):
        np.testing.assert_allclose(found, expected, rtol=allowed, atol=allowed)

    same(solve(p), exact(p), 1e-3)
    first = jacobian(exact)(p)
    for mode in (jacrev(solve), jacfwd(solve), jit(jacrev(solve)), jacrev(jit(solve))):
        same(mode(p), first)
        same(mode(1.01 * p), jacobian(exact)(1.01 * p))  # a replay
    if order > 1:
        second = jacobian(jacobian(exact))(p)
        same(jacfwd(jacrev(solve))(p), second)
        same(jacrev(jacrev(solve))(p), second)
    batch = np.stack([p, 1.02 * p])
    same(vmap(solve)(batch), [solve(each) for each in batch], 1e-9)
    same(vmap(jacrev(solve))(batch), [jacrev(solve)(each) for each in batch], 1e-9)


def newton_written_out(residual: Callable, x: Any, steps: int = 12) -> Any:
    """The root of ``residual`` by traced steps of Newton's method: derivatives follow each step."""
    for _ in range(steps):
        x = x - anp.linalg.solve(jacobian(residual)(x), residual(x))
    return x
