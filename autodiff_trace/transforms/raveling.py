"""Raveling: a container of arrays as one vector, and back. Knows no derivative."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.pytree import tree_flatten, tree_unflatten
from ..numpy import wrapped as anp
from .steps import number

__all__ = ["Raveling"]


class Raveling:
    """How containers like ``tree`` become vectors: the leaves one after the other, each in C order.

    >>> raveling = Raveling({"a": 1.0, "b": np.zeros((2, 1))})
    >>> raveling.unravel(np.arange(3.0))
    {'a': np.float64(0.0), 'b': array([[1.],
           [2.]])}
    """

    def __init__(self, tree: Any) -> None:
        leaves, self.structure = tree_flatten(tree)
        leaves = [np.float64(x) if type(x) is int else number(x) for x in leaves]
        self.shapes = [tuple(x.shape) for x in leaves]
        self.dtypes = [x.dtype if x.dtype.kind in "fc" else np.dtype(np.float64) for x in leaves]
        self.dtype = np.result_type(*self.dtypes) if leaves else np.dtype(np.float64)
        self.sizes = [math.prod(shape) for shape in self.shapes]
        self.size = sum(self.sizes)
        self.is_vector = self.structure.kind is None and len(self.shapes[0]) == 1

    def ravel(self, tree: Any) -> Any:
        leaves, structure = tree_flatten(tree)
        if structure != self.structure:
            raise TypeError(f"a container is {structure}, but should be {self.structure}.")
        parts = [anp.reshape(x, (-1,)) for x in leaves]
        joined = parts[0] if len(parts) == 1 else anp.concatenate(parts) if parts else np.zeros(0)
        return joined if joined.dtype == self.dtype else anp.astype(joined, self.dtype)

    def unravel(self, vector: Any) -> Any:
        if self.is_vector:
            return vector
        leaves, first = [], 0
        for shape, dtype, size in zip(self.shapes, self.dtypes, self.sizes):
            part = anp.reshape(vector[first : first + size], shape)[()]
            leaves.append(part if part.dtype == dtype else anp.astype(part, dtype))
            first += size
        return tree_unflatten(self.structure, leaves)
