"""Linear systems of so many unknowns that their matrix is not formed: SciPy's GMRES on products with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse.linalg

from ...transforms.linear_solve import custom_linear_solve

__all__ = ["MOST_DENSE", "NotSolved", "solve_by_products", "solve_traced"]

MOST_DENSE = 2000
"""Unknowns up to which the matrix is formed."""
ACCURACY, RESTARTS, KEPT = 1e-11, 20, 100
"""Of GMRES: the residual that is asked for, how often it is started, and with how many vectors."""


class NotSolved(ArithmeticError):
    """The iteration has not come to the accuracy that is asked for."""


def solve_by_products(matvec: Callable, b: np.ndarray) -> np.ndarray:
    """x with matvec(x) = b, plain vectors. Raises NotSolved."""
    b = np.asarray(b)
    operator = scipy.sparse.linalg.LinearOperator((b.size, b.size), lambda x: np.asarray(matvec(x)), dtype=b.dtype)
    x, flag = scipy.sparse.linalg.gmres(
        operator, b, rtol=ACCURACY, atol=0.0, restart=min(KEPT, b.size), maxiter=RESTARTS)
    if flag and np.linalg.norm(operator @ x - b) > 1e3 * ACCURACY * np.linalg.norm(b):
        raise NotSolved
    return x


def solve_traced(matvec: Callable, b: Any) -> Any:
    """The same of traced vectors, with derivatives in ``b`` and in what ``matvec`` closes over."""
    return custom_linear_solve(matvec, b, solve_by_products, solve_by_products)
