"""det: a determinant by expansion along the first row, as cmpad's det_by_minor.

The suite's recursion computes ℓ! products. Here the minors of the last m rows are one array for each m, and each minor
is computed once, from those of the last m − 1 rows: ℓ 2^(ℓ−1) products.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np

from autodiff_trace import grad
from autodiff_trace import numpy as anp

from .evaluation import SEED, Case, Eval, Function

__all__ = ["EVAL", "determinant", "expansions", "make_cases"]


def determinant(matrix, tables):
    minors = matrix[-1]
    for m, (columns, smaller) in enumerate(tables, start=2):
        signs = (-1.0) ** np.arange(m)
        minors = anp.sum(signs * matrix[-m][columns] * minors[smaller], axis=1)
    return minors[0]


def expansions(size: int) -> list:
    """For m = 2, …, size and each choice of m columns: the columns, and which minor is left without each of them."""
    tables, index = [], {(column,): column for column in range(size)}
    for m in range(2, size + 1):
        choices = list(combinations(range(size), m))
        smaller = [[index[choice[:j] + choice[j + 1 :]] for j in range(m)] for choice in choices]
        tables.append((np.array(choices), np.array(smaller)))
        index = {choice: i for i, choice in enumerate(choices)}
    return tables


def arguments(input) -> tuple:
    size = int(input["ell"])
    return np.array(input["A"], dtype=float).reshape(size, size), expansions(size)


def primal(input, compile):
    (matrix, tables), function = arguments(input), compile(determinant)
    return lambda: function(matrix, tables)


def gradient(input, compile):
    (matrix, tables), function = arguments(input), compile(grad(determinant))
    return lambda: function(matrix, tables)


def expected_primal(input) -> float:
    return float(np.linalg.det(arguments(input)[0]))


def expected_gradient(input) -> list:
    """The cofactors, det A · A⁻ᵀ."""
    matrix, _ = arguments(input)
    return (np.linalg.det(matrix) * np.linalg.inv(matrix).T).ravel().tolist()


def make_cases(sizes) -> Iterator[Case]:
    random = np.random.RandomState(SEED)
    for size in sizes:
        yield Case(f"{size}", {"A": random.rand(size * size), "ell": size})


def cases(data: Path | None) -> Iterator[Case]:
    return make_cases(range(5, 12))


EVAL = Eval("det", {
    "primal": Function(primal, float, expected_primal),
    "gradient": Function(gradient, lambda result: result.ravel().tolist(), expected_gradient),
}, cases, note="each minor is computed once: ℓ 2^(ℓ−1) products, not the ℓ! of the suite's recursion")
