"""Sparse arrays whose numbers may be traced. Where the numbers are is plain, and does not change.

Gradients have the places of the array: of what is not stored there is no derivative.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.sparse

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import register_pytree
from ...core.tracer import is_box
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.rules.matrices import column
from .products import add_up, csr_of, rows_of, times

__all__ = ["Pattern", "SparseArray", "as_sparse", "from_places", "is_sparse"]


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


class SparseArray:
    """A sparse matrix of numbers that may be traced, as ``csr_array`` and its kin make it of these.

    >>> from autodiff_trace import grad, numpy as anp
    >>> from autodiff_trace.scipy import sparse
    >>> def f(data):
    ...     a = sparse.coo_array((data, ([0, 1, 1], [0, 0, 1])), shape=(2, 2))
    ...     return anp.sum(a @ np.array([1.0, 2.0]))
    >>> grad(f)(np.ones(3))
    array([1., 1., 2.])
    """

    __array_ufunc__ = None
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

    def with_values(self, values: Any) -> SparseArray:
        """Other numbers at the same places."""
        return SparseArray(values, self.pattern, self.format, self.is_matrix)

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

    def asformat(self, format: str | None, copy: bool = False) -> SparseArray:
        return SparseArray(self.values, self.pattern, format or self.format, self.is_matrix)

    def tocsr(self, copy: bool = False) -> SparseArray:
        return self.asformat("csr")

    def tocsc(self, copy: bool = False) -> SparseArray:
        return self.asformat("csc")

    def tocoo(self, copy: bool = True) -> SparseArray:
        return self.asformat("coo")

    def copy(self) -> SparseArray:
        return self.with_values(self.values)

    def astype(self, dtype: Any, copy: bool = True) -> SparseArray:
        return self.with_values(anp.astype(self.values, np.dtype(dtype)))

    def conj(self, copy: bool = True) -> SparseArray:
        return self.with_values(anp.conjugate(self.values))

    conjugate = conj

    def transpose(self, axes: Any = None, copy: bool = False) -> SparseArray:
        ans = from_places(self.values, self.pattern.indices, self.pattern.rows, self.shape[::-1])
        format = {"csr": "csc", "csc": "csr"}.get(self.format, "coo")
        return SparseArray(ans.values, ans.pattern, format, self.is_matrix)

    def toarray(self, order: Any = None, out: Any = None) -> Any:
        """The dense matrix."""
        m, n = self.shape
        return anp.reshape(add_up(self.values, self.pattern.rows * n + self.pattern.indices, m * n), (m, n))

    todense = toarray

    # Arithmetic

    def __matmul__(self, other: Any) -> Any:
        if is_sparse(other):
            return sparse_product(self, as_sparse(other))
        other = as_array(other)
        if not other.ndim or other.shape[0] != self.shape[1] or other.ndim > 2:
            raise ValueError(f"matmul: a sparse matrix of shape {self.shape} and an array of {other.shape} do not fit")
        if other.ndim == 1:
            return times(self.values, column(other), *self.places, False)[:, 0]
        return times(self.values, other, *self.places, False)

    def __rmatmul__(self, other: Any) -> Any:
        if is_sparse(other):
            return as_sparse(other) @ self
        other = as_array(other)
        if not other.ndim or other.shape[-1] != self.shape[0] or other.ndim > 2:
            raise ValueError(f"matmul: an array of {other.shape} and a sparse matrix of shape {self.shape} do not fit")
        if other.ndim == 1:
            return times(self.values, column(other), *self.places, True)[:, 0]
        return times(self.values, other.T, *self.places, True).T

    def dot(self, other: Any) -> Any:
        return self * other if np.ndim(other) == 0 and not is_sparse(other) else self @ other

    def __mul__(self, other: Any) -> Any:
        is_product = self.is_matrix and (is_sparse(other) or np.ndim(other))
        return self @ other if is_product else self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        is_product = self.is_matrix and (is_sparse(other) or np.ndim(other))
        return self.__rmatmul__(other) if is_product else self.multiply(other)

    def multiply(self, other: Any) -> SparseArray:
        """The product element by element, which is 0 where one of both is not stored."""
        if is_sparse(other):
            other = as_sparse(other)
            if other.pattern == self.pattern:
                return self.with_values(self.values * other.values)
            return self.with_values(self.values * other.at(self.pattern))
        other = as_array(other)
        if not other.ndim:
            return self.with_values(self.values * other)
        other = anp.broadcast_to(other, self.shape)
        return self.with_values(self.values * other[self.pattern.rows, self.pattern.indices])

    def at(self, pattern: Pattern) -> Any:
        """The numbers at the places of another pattern, 0 where none is stored."""
        place = csr_of(np.arange(1, self.nnz + 1), *self.places)
        wanted = np.asarray(place[pattern.rows, pattern.indices]).ravel()
        return anp.where(wanted > 0, self.values[np.maximum(wanted - 1, 0)], np.zeros((), self.dtype))

    def __truediv__(self, other: Any) -> SparseArray:
        return self.multiply(1 / as_array(other))

    def __pow__(self, power: Any) -> SparseArray:
        return sparse_power(self, power) if self.is_matrix else self.with_values(self.values**power)

    def power(self, n: Any, dtype: Any = None) -> SparseArray:
        return self.with_values(self.values**n)

    def __neg__(self) -> SparseArray:
        return self.with_values(-self.values)

    def __add__(self, other: Any) -> Any:
        if not is_sparse(other):
            other = as_array(other)
            if not other.ndim and not is_box(other) and other == 0:
                return self
            if not other.ndim:
                raise NotImplementedError("adding a nonzero scalar to a sparse array is not supported")
            return self.toarray() + other
        other = as_sparse(other)
        if other.shape != self.shape:
            raise ValueError(f"inconsistent shapes: {self.shape} and {other.shape}")
        if other.pattern == self.pattern:
            return self.with_values(self.values + other.values)
        ans = from_places(
            anp.concatenate([self.values, other.values]), np.concatenate([self.pattern.rows, other.pattern.rows]),
            np.concatenate([self.pattern.indices, other.pattern.indices]), self.shape,
        )
        return SparseArray(ans.values, ans.pattern, self.format, self.is_matrix)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-as_sparse(other) if is_sparse(other) else -as_array(other))

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __abs__(self) -> SparseArray:
        return self.with_values(anp.absolute(self.values))

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
        return SparseArray(
            self.values[place.data - 1], Pattern(place.indices, place.indptr, place.shape), self.format, self.is_matrix
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TracedValueError(
            f"NumPy asks a sparse array of traced numbers for a plain array ({caller_line()}). Write a.toarray(), or "
            "take a function of autodiff_trace.scipy.sparse instead of scipy.sparse."
        )


register_pytree(
    SparseArray, lambda x: ([x.values], (x.pattern, x.format, x.is_matrix)),
    lambda extra, children: SparseArray(children[0], *extra),
)


def rebuilt(extra: tuple, children: list) -> Any:
    """An array of these numbers: SciPy's own, where they are plain."""
    ans = SparseArray(*children, *extra)
    values, pattern = ans.values, ans.pattern
    if type(values) is not np.ndarray:
        return ans
    csr = scipy.sparse.csr_matrix if ans.is_matrix else scipy.sparse.csr_array
    return csr((values, pattern.indices, pattern.indptr), shape=pattern.shape, copy=False).asformat(ans.format)


def taken_apart(x: Any) -> tuple:
    ans = as_sparse(x)
    return [ans.values], (ans.pattern, ans.format, ans.is_matrix)


for _kind in ("array", "matrix"):
    for _format in ("csr", "csc", "coo"):
        register_pytree(getattr(scipy.sparse, f"{_format}_{_kind}"), taken_apart, rebuilt)


def is_sparse(x: Any) -> bool:
    """Whether it is a sparse array, SciPy's or one of traced numbers."""
    return isinstance(x, SparseArray) or scipy.sparse.issparse(x)


def as_sparse(x: Any) -> SparseArray:
    """A sparse array of SciPy's, or a dense matrix with all its places, as one of the kind that can be traced."""
    if isinstance(x, SparseArray):
        return x
    if not scipy.sparse.issparse(x):
        x = as_array(x)
        m, n = x.shape
        return SparseArray(
            anp.reshape(x, (m * n,)), Pattern(np.tile(np.arange(n), m), np.arange(0, m * n + 1, max(n, 1)), (m, n))
        )
    is_matrix = scipy.sparse.isspmatrix(x)
    csr = x.tocsr()
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    return SparseArray(csr.data, Pattern(csr.indices, csr.indptr, csr.shape), x.format, is_matrix)


def from_places(values: Any, rows: Any, columns: Any, shape: tuple[int, int]) -> SparseArray:
    """The array with ``values`` at (rows, columns); those at one place are added."""
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
    return SparseArray(values, Pattern(columns, indptr, shape), "coo")


def sparse_product(a: SparseArray, b: SparseArray) -> SparseArray:
    """A B: of each number of A the products with the numbers in that row of B."""
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"matmul: sparse matrices of shapes {a.shape} and {b.shape} do not fit")
    counts = np.diff(b.pattern.indptr)[a.pattern.indices]
    left = np.repeat(np.arange(a.nnz), counts)
    right = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    right = right + np.repeat(b.pattern.indptr[a.pattern.indices], counts)
    values = a.values[left] * b.values[right]
    ans = from_places(values, a.pattern.rows[left], b.pattern.indices[right], (a.shape[0], b.shape[1]))
    return SparseArray(ans.values, ans.pattern, a.format, a.is_matrix)


def sparse_power(a: SparseArray, n: int) -> SparseArray:
    """A product of n factors A."""
    if n < 1:
        raise ValueError(f"matrix_power: a power of {n} of traced sparse numbers is not there; take one of at least 1")
    ans = a
    for _ in range(int(n) - 1):
        ans = ans @ a
    return ans
