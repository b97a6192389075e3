"""What a sparse array of traced numbers is: the numbers, and the pattern of their places, which is plain.

The numbers stand row by row, whatever the format says; its ``data`` and ``indices`` come in the order of the format.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.sparse

from ...core.errors import TracedValueError, caller_line
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
    given_order = None
    """Of numbers that a user gave at places: the position of each among those that are kept, before some are added."""

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
        ans = type(self)(values, self.pattern, self.format, self.is_matrix)
        ans.given_order = self.given_order
        return ans

    # Where the numbers are, in the order of the format

    @property
    def order(self) -> Any:
        """The positions of the numbers in the order in which SciPy has them."""
        if self.given_order is None:
            return self.pattern.column_order if self.format == "csc" else slice(None)
        if len(self.given_order) != self.nnz:
            raise TracedValueError(
                f"of this {self.format} array of traced numbers some were given at one place, and are added, so that "
                f"its data and places are not those of SciPy's ({caller_line()}). Give each place once."
            )
        return self.given_order

    @property
    def data(self) -> Any:
        order = self.order
        return self.values if isinstance(order, slice) else self.values[order]

    @property
    def row(self) -> np.ndarray:
        return self.pattern.rows[self.order]

    @property
    def col(self) -> np.ndarray:
        return self.pattern.indices[self.order]

    @property
    def coords(self) -> tuple[np.ndarray, np.ndarray]:
        return self.row, self.col

    @property
    def indices(self) -> np.ndarray:
        return self.row if self.format == "csc" else self.col

    @property
    def indptr(self) -> np.ndarray:
        if self.format != "csc":
            return self.pattern.indptr
        return np.concatenate([[0], np.cumsum(np.bincount(self.pattern.indices, minlength=self.shape[1]))])

    # Conversions

    def asformat(self, format: str | None, copy: bool = False) -> Stored:
        ans = type(self)(self.values, self.pattern, format or self.format, self.is_matrix)
        if ans.format == self.format or (self.format, ans.format) == ("csr", "coo"):
            ans.given_order = self.given_order
        return ans

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
        if out is not None:
            raise TracedValueError(f"toarray: out= cannot be filled with traced numbers ({caller_line()})")
        m, n = self.shape
        return anp.reshape(add_up(self.values, self.pattern.rows * n + self.pattern.indices, m * n), (m, n))

    todense = toarray

    def at(self, pattern: Pattern) -> Any:
        """The numbers at the places of another pattern, 0 where none is stored."""
        place = csr_of(np.arange(1, self.nnz + 1), *self.places)
        return self.numbers(np.asarray(place[pattern.rows, pattern.indices]).ravel())

    def numbers(self, place: np.ndarray) -> Any:
        """The numbers of these positions, counted from 1; of the position 0 it is 0."""
        if not self.nnz:
            return np.zeros(place.shape, self.dtype)
        return anp.where(place > 0, self.values[np.maximum(place - 1, 0)], np.zeros((), self.dtype))

    # What is read of it

    def diagonal(self, k: int = 0) -> Any:
        m, n = self.shape
        length = max(0, min(m + min(k, 0), n - max(k, 0)))
        is_there = self.pattern.indices - self.pattern.rows == k
        return add_up(self.values[is_there], (self.pattern.rows + min(k, 0))[is_there], length)

    def trace(self, offset: int = 0) -> Any:
        return anp.sum(self.diagonal(offset))

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        if out is not None:
            raise TracedValueError(f"sum: out= cannot be filled with traced numbers ({caller_line()})")
        if dtype is not None:
            return self.astype(dtype).sum(axis)
        if axis is None:
            return anp.sum(self.values)
        along_rows = axis in (0, -2)
        places, size = (self.pattern.indices, self.shape[1]) if along_rows else (self.pattern.rows, self.shape[0])
        sums = add_up(self.values, places, size)
        return anp.expand_dims(sums, 0 if along_rows else 1) if self.is_matrix else sums

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        m, n = self.shape
        return self.sum(axis, dtype, out) / (m * n if axis is None else m if axis in (0, -2) else n)

    def __getitem__(self, index: Any) -> Any:
        place = csr_of(np.arange(1, self.nnz + 1), *self.places)[index]
        if isinstance(place, np.ndarray):  # the elements of some rows and columns
            ans = self.numbers(place)
            return anp.atleast_2d(ans) if self.is_matrix else ans
        if np.ndim(place) == 0 and not scipy.sparse.issparse(place):
            return self.values[int(place) - 1] if place else np.zeros((), self.dtype)[()]
        place = place.tocsr() if place.ndim == 2 else place.tocoo().reshape(1, -1).tocsr()
        pattern = Pattern(place.indices, place.indptr, place.shape)
        return type(self)(self.values[place.data - 1], pattern, self.format, self.is_matrix)
