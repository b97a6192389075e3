"""Sparse arrays whose numbers may be traced. Where the numbers are is plain, and does not change.

Gradients have the places of the array: of what is not stored there is no derivative.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import scipy.sparse

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import register_pytree
from ...core.tracer import is_box
from ...numpy import wrapped as anp
from ...numpy.giving_way import gives_way
from ...numpy.canonical import as_array
from ...numpy.rules.matrices import column
from .products import times
from .stored import Pattern, Stored, placed

__all__ = ["SparseArray", "as_sparse", "is_sparse", "sparse_power"]


class SparseArray(Stored):
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

    def __truediv__(self, other: Any) -> SparseArray:
        return self.multiply(1 / as_array(other))

    def __pow__(self, power: Any) -> SparseArray:
        return sparse_power(self, power) if self.is_matrix else self.with_values(self.values**power)

    def power(self, n: Any, dtype: Any = None) -> SparseArray:
        ans = self.with_values(self.values**n)
        return ans if dtype is None else ans.astype(dtype)

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
        rows = np.concatenate([self.pattern.rows, other.pattern.rows])
        columns = np.concatenate([self.pattern.indices, other.pattern.indices])
        both = anp.concatenate([self.values, other.values])
        return SparseArray(*placed(both, rows, columns, self.shape), self.format, self.is_matrix)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-as_sparse(other) if is_sparse(other) else -as_array(other))

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __abs__(self) -> SparseArray:
        return self.with_values(anp.absolute(self.values))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if gives_way(sys._getframe(1)):
            return np.empty((), object)
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
    # of its own index arrays: some methods of SciPy's change them in place, and the pattern may be another matrix's
    places = pattern.indices.copy(), pattern.indptr.copy()
    return csr((values, *places), shape=pattern.shape, copy=False).asformat(ans.format)


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


def sparse_product(a: SparseArray, b: SparseArray) -> SparseArray:
    """A B: of each number of A the products with the numbers in that row of B."""
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"matmul: sparse matrices of shapes {a.shape} and {b.shape} do not fit")
    counts = np.diff(b.pattern.indptr)[a.pattern.indices]
    left = np.repeat(np.arange(a.nnz), counts)
    right = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    right = right + np.repeat(b.pattern.indptr[a.pattern.indices], counts)
    values = a.values[left] * b.values[right]
    places = placed(values, a.pattern.rows[left], b.pattern.indices[right], (a.shape[0], b.shape[1]))
    return SparseArray(*places, a.format, a.is_matrix)


def sparse_power(a: SparseArray, n: int) -> SparseArray:
    """A product of n factors A."""
    if n < 1:
        raise ValueError(f"matrix_power: a power of {n} of traced sparse numbers is not there; take one of at least 1")
    ans = a
    for _ in range(int(n) - 1):
        ans = ans @ a
    return ans
