"""What a sparse array of traced numbers is: the numbers, and the pattern of their places, which is plain.

The numbers stand row by row, whatever the format says; its ``data`` and ``indices`` come in the order of the format.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.sparse

from ...numpy import wrapped as anp
from .products import add_up, csr_of, rows_of

__all__ = ["Pattern", "Stored", "placed"]


class Pattern:
    """Where the numbers of a sparse array are: the columns of each row, one row after the other."""

    __slots__ = ("indices", "indptr", "shape", "__dict__")

    def __init__(self, indices: Any, indptr: Any, shape: tuple[int, int]) -> None:
        self.indices = np.asarray(indices)
        self.indptr = np.asarray(indptr)
        self.shape = tuple(map(int, shape))

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """The row of each number."""
        return rows_of(self.indptr)

    @functools.cached_property
    def column_order(self) -> np.ndarray:
        """The order of the numbers column by column."""
        return np.lexsort((self.rows, self.indices))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Pattern) and self.shape == other.shape
            and np.array_equal(self.indices, other.indices) and np.array_equal(self.indptr, other.indptr)
        )

    def __hash__(self) -> int:
        return hash((self.shape, len(self.indices)))


def placed(values: Any, rows: Any, columns: Any, shape: tuple[int, int]) -> tuple[Any, Pattern]:
    """``values`` at (rows, columns) in the order of a pattern, and this; values at one place are added."""
    rows, columns = np.asarray(rows), np.asarray(columns)
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    values = values[order]
    is_first = np.ones(len(rows), bool)
    is_first[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
    if not is_first.all():
        values = add_up(values, np.cumsum(is_first) - 1, int(is_first.sum()))
        rows, columns = rows[is_first], columns[is_first]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return values, Pattern(columns, indptr, shape)


class Stored:
    """Numbers at the places of a pattern, without arithmetic."""

    ndim = 2

    def __init__(self, values: Any, pattern: Pattern, format: str = "csr", is_matrix: bool = False) -> None:
        self.values = values
        self.pattern = pattern
        self.format = format
        self.is_matrix = is_matrix  # of the older kind, whose * is a product of matrices

    shape = property(lambda self: self.pattern.shape)
    dtype = property(lambda self: self.values.dtype)
    nnz = size = property(lambda self: len(self.pattern.indices))
    places = property(lambda self: (self.pattern.indices, self.pattern.indptr, self.pattern.shape))
    T = property(lambda self: self.transpose())

    def __repr__(self) -> str:
        return f"<{self.format} sparse array of {self.nnz} numbers, shape {self.shape}>"

    def with_values(self, values: Any) -> Stored:
        """Other numbers at the same places."""
        return type(self)(values, self.pattern, self.format, self.is_matrix)

    # Where the numbers are, in the order of the format

    @property
    def data(self) -> Any:
        return self.values[self.pattern.column_order] if self.format == "csc" else self.values

    @property
    def row(self) -> np.ndarray:
        return self.pattern.rows

    @property
    def col(self) -> np.ndarray:
        return self.pattern.indices

    @property
    def coords(self) -> tuple[np.ndarray, np.ndarray]:
        return self.pattern.rows, self.pattern.indices

    @property
    def indices(self) -> np.ndarray:
        return self.pattern.rows[self.pattern.column_order] if self.format == "csc" else self.pattern.indices

    @property
    def indptr(self) -> np.ndarray:
        if self.format != "csc":
            return self.pattern.indptr
        return np.concatenate([[0], np.cumsum(np.bincount(self.pattern.indices, minlength=self.shape[1]))])

    # Conversions

    def asformat(self, format: str | None, copy: bool = False) -> Stored:
        return type(self)(self.values, self.pattern, format or self.format, self.is_matrix)

    def tocsr(self, copy: bool = False) -> Stored:
        return self.asformat("csr")

    def tocsc(self, copy: bool = False) -> Stored:
        return self.asformat("csc")

    def tocoo(self, copy: bool = True) -> Stored:
        return self.asformat("coo")

    def copy(self) -> Stored:
        return self.with_values(self.values)

    def astype(self, dtype: Any, copy: bool = True) -> Stored:
        return self.with_values(anp.astype(self.values, np.dtype(dtype)))

    def conj(self, copy: bool = True) -> Stored:
        return self.with_values(anp.conjugate(self.values))

    conjugate = conj

    def transpose(self, axes: Any = None, copy: bool = False) -> Stored:
        values, pattern = placed(self.values, self.pattern.indices, self.pattern.rows, self.shape[::-1])
        format = {"csr": "csc", "csc": "csr"}.get(self.format, "coo")
        return type(self)(values, pattern, format, self.is_matrix)

    def toarray(self, order: Any = None, out: Any = None) -> Any:
        """The dense matrix."""
        m, n = self.shape
        return anp.reshape(add_up(self.values, self.pattern.rows * n + self.pattern.indices, m * n), (m, n))

    todense = toarray

    def at(self, pattern: Pattern) -> Any:
        """The numbers at the places of another pattern, 0 where none is stored."""
        place = csr_of(np.arange(1, self.nnz + 1), *self.places)
        wanted = np.asarray(place[pattern.rows, pattern.indices]).ravel()
        return anp.where(wanted > 0, self.values[np.maximum(wanted - 1, 0)], np.zeros((), self.dtype))

    # What is read of it

    def diagonal(self, k: int = 0) -> Any:
        m, n = self.shape
        length = max(0, min(m + min(k, 0), n - max(k, 0)))
        is_there = self.pattern.indices - self.pattern.rows == k
        return add_up(self.values[is_there], (self.pattern.rows + min(k, 0))[is_there], length)

    def trace(self, offset: int = 0) -> Any:
        return anp.sum(self.diagonal(offset))

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        if axis is None:
            return anp.sum(self.values)
        along_rows = axis in (0, -2)
        places, size = (self.pattern.indices, self.shape[1]) if along_rows else (self.pattern.rows, self.shape[0])
        sums = add_up(self.values, places, size)
        return anp.expand_dims(sums, 0 if along_rows else 1) if self.is_matrix else sums

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        m, n = self.shape
        return self.sum(axis) / (m * n if axis is None else m if axis in (0, -2) else n)

    def __getitem__(self, index: Any) -> Any:
        place = csr_of(np.arange(1, self.nnz + 1), *self.places)[index]
        if np.ndim(place) == 0 and not scipy.sparse.issparse(place):
            return self.values[int(place) - 1] if place else np.zeros((), self.dtype)[()]
        place = place.tocsr() if place.ndim == 2 else place.tocoo().reshape(1, -1).tocsr()
        pattern = Pattern(place.indices, place.indptr, place.shape)
        return type(self)(self.values[place.data - 1], pattern, self.format, self.is_matrix)
