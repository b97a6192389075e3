"""Functions of matrices, and of stacks of them, of Dask's arrays.

A matrix of one chunk, or that goes into one, is NumPy's task; a stack is mapped over. Large matrices are Dask's own,
where it has an algorithm by blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import dask.array as da
import numpy as np

from ..numpy import linalg
from ..numpy.rules import determinants, factorizations, repeated_values, singular_values, solving, spectral, tolerances
from .dask_blocks import Task, as_dask, chunk_limit, in_one_chunk, over_blocks, refuse

__all__ = ["FORMS"]

LOOPS = 100
"""Labels of the axes of stacks, from the last one: no label is larger than this."""


def of_matrices(prim: Callable, *cores: str, answers: str, by_blocks: Callable | None = None) -> Callable:
    """The form of ``prim(x, …, *params)`` of stacks. ``cores``: a letter for each of the last axes of each array;
    ``answers``: those of each answer, with commas between. ``by_blocks``: computes it of large matrices of two axes."""

    def form(*args):
        operands, params = [as_dask(x) for x in args[: len(cores)]], args[len(cores) :]
        if by_blocks is not None and is_for_blocks(operands[0]):
            ans = by_blocks(*operands, *params)
            if ans is not NotImplemented:
                return ans
        sizes = {}
        for x, core in zip(operands, cores):
            sizes.update(zip(core, x.shape[x.ndim - len(core) :]))
        if "n" in sizes and cores[0] == "nn" and operands[0].shape[-1] != operands[0].shape[-2]:
            raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
        if "k" in answers and "k" not in sizes:
            sizes["k"] = min(sizes["m"], sizes["n"])
        sizes["1"] = 1
        task = Task(prim, *params)
        sample = task(*[np.ones((1,) * len(core), x.dtype) for x, core in zip(operands, cores)])
        operands = [one_matrix(prim, x, core) for x, core in zip(operands, cores)]
        inputs = [(x, labels_of(x.ndim - len(core), [f"{letter}{i}" for i, letter in enumerate(core)], j))
                  for j, (x, core) in enumerate(zip(operands, cores))]
        most = max(x.ndim - len(core) for x, core in zip(operands, cores))
        outputs = [[*range(LOOPS - most, LOOPS), *[f"{letter}{i} of answer" for i, letter in enumerate(answer)]]
                   for answer in answers.split(",")]
        new = {f"{letter}{i} of answer": n for letter, n in sizes.items() for i in range(3)}
        if len(outputs) == 1:
            return over_blocks(task, inputs, tuple(outputs[0]), new, sample.dtype)
        return type(sample)(*over_blocks(task, inputs, outputs, new, [x.dtype for x in sample]))

    return form


def labels_of(loops: int, core: Sequence[str], number: int) -> list:
    return [*range(LOOPS - loops, LOOPS), *[f"{letter} of {number}" for letter in core]]


def one_matrix(prim: Callable, x: da.Array, core: str) -> da.Array:
    return in_one_chunk(prim, x, range(x.ndim - len(core), x.ndim), whole=len(core) == 2)


def is_for_blocks(a: da.Array) -> bool:
    """Whether a matrix is in several chunks and does not go into one, or is a column of blocks that are tall."""
    return a.ndim == 2 and (a.nbytes > chunk_limit() and a.npartitions > 1 or is_column(a))


def is_column(a: da.Array) -> bool:
    return a.numblocks[0] > 1 and a.numblocks[1] == 1 and min(a.chunks[0]) >= a.shape[1]


def square_blocks(a: da.Array) -> da.Array:
    """A square matrix in square blocks, as Dask's factorizations want it."""
    rows = a.chunks[0]
    return a if len(set(rows[:-1])) < 2 and a.chunks[1] == rows else a.rechunk((rows, rows))


def solve_blocks(a, b):
    if b.ndim > 2 or a.nbytes <= chunk_limit():
        return NotImplemented
    a = square_blocks(a)
    return da.linalg.solve(a, b.rechunk({0: a.chunks[0]}))


def only_large(function: Callable) -> Callable:
    return lambda a: function(square_blocks(a)) if a.nbytes > chunk_limit() else NotImplemented


def qr_blocks(a):
    if not is_column(a):
        return NotImplemented
    return type(np.linalg.qr(np.eye(1)))(*da.linalg.qr(a))


def svd_blocks(a, full_matrices, hermitian):
    if not is_column(a) or full_matrices or hermitian:
        return NotImplemented
    return type(np.linalg.svd(np.eye(1)))(*da.linalg.svd(a, coerce_signs=False))


def solve(a, b):
    """A right-hand side of one axis is a vector."""
    a, b = as_dask(a), as_dask(b)
    if b.ndim == 1:
        return of_matrices(linalg.solve, "nn", "n", answers="n", by_blocks=solve_blocks)(a, b)
    return of_matrices(linalg.solve, "nn", "nc", answers="nc", by_blocks=solve_blocks)(a, b)


def minors(a, *directions):
    return of_matrices(determinants.minors, *["nn"] * (1 + len(directions)), answers="nn")(a, *directions)


def pseudoinverse(a, rcond):
    """The cutoff is a number, or one for each matrix."""
    answers = "nm"
    return of_matrices(solving.pseudoinverse, "mn", "", answers=answers)(a, rcond)


def matrix_rank(a, tol=None, hermitian=False, *, rtol=None):
    if tol is None is rtol and not hermitian:
        return of_matrices(linalg.matrix_rank, "mn", answers="")(a)
    cutoff = tol if rtol is None else rtol
    return of_matrices(rank_by_rtol if tol is None else rank_by_tol, "mn", "", answers="")(a, cutoff, hermitian)


def rank_by_tol(a, tol, hermitian):
    return np.linalg.matrix_rank(a, tol, hermitian)


def rank_by_rtol(a, rtol, hermitian):
    return np.linalg.matrix_rank(a, rtol=rtol, hermitian=hermitian)


def eig(a):
    if a.dtype.kind != "c":
        raise refuse(
            spectral.eigensystem, "whether its answer is real only the values tell. Write a.astype(complex), or eigh."
        )
    return of_matrices(spectral.eigensystem, "nn", answers="n,nn")(a)


def tolerance(w, v=None):
    if v is None:
        return of_matrices(tolerances.tolerance, "n", answers="11")(w)
    return of_matrices(tolerances.tolerance, "n", "nn", answers="11")(w, v)


def svd(a, full_matrices, hermitian):
    answers = "mm,k,nn" if full_matrices else "mk,k,kn"
    return of_matrices(
        singular_values.singular_value_decomposition, "mn", answers=answers, by_blocks=svd_blocks
    )(a, full_matrices, hermitian)


SQUARE = {"answers": "nn"}

FORMS: dict[Callable, Callable] = {
    determinants.inverse: of_matrices(determinants.inverse, "nn", **SQUARE),
    determinants.minors: minors,
    factorizations.factor_cotangent: of_matrices(factorizations.factor_cotangent, "nn", "nn", **SQUARE),
    factorizations.independent: of_matrices(factorizations.independent, "nn", **SQUARE),
    factorizations.lower_factor: of_matrices(
        factorizations.lower_factor, "nn", by_blocks=only_large(lambda a: da.linalg.cholesky(a, lower=True)), **SQUARE
    ),
    factorizations.lower_inverse: of_matrices(factorizations.lower_inverse, "nn", **SQUARE),
    factorizations.tall_qr: of_matrices(factorizations.tall_qr, "mn", answers="mk,kn", by_blocks=qr_blocks),
    linalg.det: of_matrices(linalg.det, "nn", answers=""),
    linalg.inv: of_matrices(linalg.inv, "nn", by_blocks=only_large(da.linalg.inv), **SQUARE),
    linalg.matrix_rank: matrix_rank,
    linalg.slogdet: of_matrices(linalg.slogdet, "nn", answers=","),
    linalg.solve: solve,
    repeated_values.magnitude: of_matrices(repeated_values.magnitude, "mn", answers="11"),
    singular_values.singular_value_decomposition: svd,
    solving.pseudoinverse: pseudoinverse,
    spectral.condition: of_matrices(spectral.condition, "nn", answers="11"),
    spectral.eigensystem: eig,
    spectral.hermitian_eigensystem: of_matrices(spectral.hermitian_eigensystem, "nn", answers="n,nn"),
    spectral.is_noise: of_matrices(spectral.is_noise, "nn", "n", "11", **SQUARE),
    tolerances.tolerance: tolerance,
}
