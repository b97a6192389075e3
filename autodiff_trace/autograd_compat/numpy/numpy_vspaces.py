"""The vector spaces of arrays and numbers. A complex one has two real dimensions an element."""

from __future__ import annotations

import math

import numpy as np

from ...numpy import wrapped as anp
from ..builtins import NamedTupleVSpace
from ..vspaces import VSpace

__all__ = ["ArrayVSpace", "ComplexArrayVSpace"]


class ArrayVSpace(VSpace):
    """Real arrays of one shape and dtype."""

    def __init__(self, value):
        value = np.asarray(value)
        self.shape = value.shape
        self.dtype = value.dtype

    @property
    def size(self):
        return math.prod(self.shape)

    @property
    def ndim(self):
        return len(self.shape)

    def zeros(self):
        return np.zeros(self.shape, self.dtype)

    def ones(self):
        return np.ones(self.shape, self.dtype)

    def standard_basis(self):
        for index in np.ndindex(*self.shape):
            yield self.unit(index, 1)

    def unit(self, index, value):
        vector = self.zeros()
        vector[index] = value
        return vector

    def randn(self):
        return np.asarray(np.random.randn(*self.shape)).astype(self.dtype)

    def _inner_prod(self, x, y):
        return anp.dot(anp.ravel(x), anp.ravel(y))


class ComplexArrayVSpace(ArrayVSpace):
    """Complex arrays of one shape and dtype; the covector of a vector is its conjugate."""

    iscomplex = True

    @property
    def size(self):
        return 2 * super().size

    def ones(self):
        return np.full(self.shape, 1 + 1j, self.dtype)

    def standard_basis(self):
        for index in np.ndindex(*self.shape):
            yield self.unit(index, 1.0)
            yield self.unit(index, 1.0j)

    def randn(self):
        return np.asarray(super().randn() + 1j * np.random.randn(*self.shape)).astype(self.dtype)

    def _inner_prod(self, x, y):
        return anp.real(anp.dot(anp.conj(anp.ravel(x)), anp.ravel(y)))

    def _covector(self, x):
        return anp.conj(x)


def space_of_array(x):
    return ComplexArrayVSpace(x) if np.iscomplexobj(x) else ArrayVSpace(x)


VSpace.register(np.ndarray, space_of_array)
for number in (float, np.longdouble, np.float64, np.float32, np.float16):
    ArrayVSpace.register(number)
for number in (complex, np.clongdouble, np.complex128, np.complex64):
    ComplexArrayVSpace.register(number)

for result in ("EigResult", "EighResult", "QRResult", "SlogdetResult", "SVDResult"):
    result_type = getattr(np.linalg._linalg, result)
    space = type(f"{result}VSpace", (NamedTupleVSpace,), {"seq_type": result_type, "__module__": __name__})
    space.register(result_type)
    globals()[space.__name__] = space
