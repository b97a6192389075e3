"""The formats of sparse arrays, and the functions that make them: of traced numbers a ``SparseArray``, of plain ones
SciPy's own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

from ...core.errors import TracedValueError, caller_line
from ...core.tracebacks import border
from ...core.tracer import find_top_trace, is_box
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.namespace import replace_wrapped
from .arrays import SparseArray, as_sparse, is_sparse
from .stored import Pattern, placed

__all__ = ["FORMATS", "define_sparse", "is_traced"]


def is_traced(x: Any) -> bool:
    """Whether it is traced, or holds what is traced."""
    if isinstance(x, (list, tuple)):
        return any(map(is_traced, x))
    return is_box(x) or isinstance(x, SparseArray) or find_top_trace((x,)) is not None


class Format(type):
    """A format of SciPy's: called with traced numbers it gives a ``SparseArray``, of which it is the type, too."""

    def __call__(cls, arg1, shape=None, dtype=None, copy=False, **more):
        if not is_traced(arg1):
            return cls.plain(arg1, shape=shape, dtype=dtype, copy=copy, **more)
        ans = build(cls, arg1, shape)
        return ans if dtype is None else ans.astype(dtype)

    def __instancecheck__(cls, x):
        return isinstance(x, cls.plain) or (
            isinstance(x, SparseArray) and (x.format, x.is_matrix) == (cls.format, cls.is_matrix)
        )


def build(kind, arg1, shape):
    if isinstance(arg1, SparseArray):
        return SparseArray(arg1.values, arg1.pattern, kind.format, kind.is_matrix)
    if not isinstance(arg1, tuple):
        raise TracedValueError(
            f"{kind.__name__}: which places of a traced matrix are zeros depends on its values ({caller_line()}). "
            f"Give the places: {kind.__name__}((x[row, col], (row, col)), shape=x.shape)."
        )
    data = as_array(arg1[0])
    if len(arg1) == 2:
        row, col = map(np.asarray, arg1[1])
    else:
        col, ends = map(np.asarray, arg1[1:])
        row = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    if kind.format == "csc" and len(arg1) == 3:
        row, col = col, row
    if len(row) != data.shape[0] or len(col) != data.shape[0]:
        raise ValueError(f"{kind.__name__}: {data.shape[0]} numbers, {len(row)} rows and {len(col)} columns do not fit")
    row, col = (each if len(each) else each.astype(int) for each in (row, col))
    if shape is None:
        m, n = (int(each.max()) + 1 if len(each) else 0 for each in (row, col))
        if len(arg1) == 3:  # rows (columns) without a number count, too
            m, n = (len(ends) - 1, n) if kind.format != "csc" else (m, len(ends) - 1)
        elif not len(row):
            raise ValueError("cannot infer dimensions from zero sized index arrays")
        shape = m, n
    elif len(row) and (min(row.min(), col.min()) < 0 or row.max() >= shape[0] or col.max() >= shape[1]):
        raise ValueError(f"{kind.__name__}: an index is out of bounds of the shape {tuple(shape)}")
    ans = SparseArray(*placed(data, row, col, tuple(shape)), kind.format, kind.is_matrix)
    if len(arg1) == (2 if kind.format == "coo" else 3):  # (of another form SciPy makes one in order, too)
        ans.given_order = np.argsort(np.lexsort((col, row)))
    return ans


FORMATS = {
    f"{format}_{kind}": Format(
        f"{format}_{kind}", (), {
            "plain": getattr(scipy.sparse, f"{format}_{kind}"), "format": format, "is_matrix": kind == "matrix",
            "__doc__": f"``scipy.sparse.{format}_{kind}``, of numbers that may be traced.", "__module__": __package__,
        },
    )
    for format in ("csr", "csc", "coo") for kind in ("array", "matrix")
}


def define_sparse(function: Callable) -> Callable[[Callable], Callable]:
    """Decorate the definition of a function of SciPy's that takes sparse arrays: plain calls go to SciPy."""

    def decorate(definition):
        @border
        @functools.wraps(function)
        def call(*args, **kwargs):
            if is_traced(args) or is_traced(tuple(kwargs.values())):
                return definition(*args, **kwargs)
            return function(*args, **kwargs)

        call.fun = function
        return replace_wrapped(function, call)

    return decorate


# Of diagonals


def of_diagonals(diagonals, offsets, shape, format, is_matrix, dtype=None):
    if np.ndim(offsets) == 0 and not isinstance(offsets, (list, tuple)):
        offsets = [int(offsets)]
        one = diagonals[0] if isinstance(diagonals, (list, tuple)) and is_vector(diagonals[0]) else diagonals
        diagonals = [one]
    diagonals = [anp.atleast_1d(as_array(each)) for each in diagonals]
    if shape is None:
        n = diagonals[0].shape[0] + abs(int(offsets[0]))
        shape = n, n
    m, n = shape
    values, rows = [], []
    for each, k in zip(diagonals, map(int, offsets), strict=True):
        length = min(m + min(k, 0), n - max(k, 0))
        if each.shape[0] not in (1, length):
            raise ValueError(f"Diagonal length (index {k}: {each.shape[0]} at offset {k}) does not agree with {m, n}.")
        values.append(anp.broadcast_to(each, (length,)))
        rows.append(np.arange(length) - min(k, 0))
    columns = np.concatenate([row + k for row, k in zip(rows, map(int, offsets))])
    places = placed(anp.concatenate(values), np.concatenate(rows), columns, (m, n))
    return cast(SparseArray(*places, format or "coo", is_matrix), dtype)


def cast(a, dtype):
    return a if dtype is None else a.astype(dtype)


def is_vector(x):
    return np.ndim(x) > 0


@define_sparse(scipy.sparse.diags_array)
def diags_array(diagonals, /, *, offsets=0, shape=None, format=None, dtype=None):
    return of_diagonals(diagonals, offsets, shape, format, False, dtype)


@define_sparse(scipy.sparse.diags)
def diags(diagonals, offsets=0, shape=None, format=None, dtype=None):
    return of_diagonals(diagonals, offsets, shape, format, True, dtype)


@define_sparse(scipy.sparse.spdiags)
def spdiags(data, diags, m=None, n=None, format=None):
    m, n = (data.shape[1],) * 2 if m is None else m if n is None else (m, n)
    cut = [data[i, max(k, 0) : min(n, m + k)] for i, k in enumerate(np.atleast_1d(diags))]
    return of_diagonals(cut, list(np.atleast_1d(diags)), (m, n), format, True)


# Of other sparse arrays


def joined(parts, shape, format, is_matrix):
    """The array of some parts ``(array, first row, first column)``."""
    rows = np.concatenate([each.pattern.rows + i for each, i, _ in parts])
    columns = np.concatenate([each.pattern.indices + j for each, _, j in parts])
    values = anp.concatenate([each.values for each, _, _ in parts])
    return SparseArray(*placed(values, rows, columns, shape), format or "coo", is_matrix)


def of_blocks(blocks, format=None, dtype=None):
    blocks = [[None if each is None else as_sparse(each) for each in line] for line in blocks]
    is_there = [(i, j, each) for i, line in enumerate(blocks) for j, each in enumerate(line) if each is not None]
    heights, widths = [0] * len(blocks), [0] * len(blocks[0])
    for i, j, each in is_there:
        if heights[i] not in (0, each.shape[0]) or widths[j] not in (0, each.shape[1]):
            raise ValueError(f"blocks[{i},{j}] has an incompatible shape {each.shape}")
        heights[i], widths[j] = each.shape
    top, left = np.cumsum([0, *heights]), np.cumsum([0, *widths])
    is_matrix = all(each.is_matrix for _, _, each in is_there)
    parts = [(each, top[i], left[j]) for i, j, each in is_there]
    return cast(joined(parts, (top[-1], left[-1]), format, is_matrix), dtype)


for _name in ("bmat", "block_array"):
    define_sparse(getattr(scipy.sparse, _name))(of_blocks)


@define_sparse(scipy.sparse.hstack)
def hstack(blocks, format=None, dtype=None):
    return of_blocks([blocks], format, dtype)


@define_sparse(scipy.sparse.vstack)
def vstack(blocks, format=None, dtype=None):
    return of_blocks([[each] for each in blocks], format, dtype)


@define_sparse(scipy.sparse.block_diag)
def block_diag(mats, format=None, dtype=None):
    mats = list(mats)
    blocks = [[each if i == j else None for j in range(len(mats))] for i, each in enumerate(mats)]
    return of_blocks(blocks, format, dtype)


@define_sparse(scipy.sparse.kron)
def kron(A, B, format=None):
    a, b = as_sparse(A), as_sparse(B)
    (m, n), values = b.shape, anp.reshape(a.values[:, None] * b.values, (a.nnz * b.nnz,))
    rows = (a.pattern.rows[:, None] * m + b.pattern.rows).ravel()
    columns = (a.pattern.indices[:, None] * n + b.pattern.indices).ravel()
    places = placed(values, rows, columns, (a.shape[0] * m, a.shape[1] * n))
    return SparseArray(*places, format or "coo", a.is_matrix and b.is_matrix)


def part(a, is_kept, format):
    a = as_sparse(a)
    keep = is_kept(a.pattern.indices - a.pattern.rows)
    ends = np.concatenate([[0], np.cumsum(keep)])[a.pattern.indptr]
    return SparseArray(
        a.values[keep], Pattern(a.pattern.indices[keep], ends, a.shape), format or a.format, a.is_matrix
    )


@define_sparse(scipy.sparse.tril)
def tril(A, k=0, format=None):
    return part(A, lambda offset: offset <= k, format)


@define_sparse(scipy.sparse.triu)
def triu(A, k=0, format=None):
    return part(A, lambda offset: offset >= k, format)


define_sparse(scipy.sparse.issparse)(is_sparse)
