"""Raveling: a container of arrays as one vector, and back. Knows no derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..core.pytree import tree_flatten, tree_unflatten
from ..core.tracebacks import border
from ..core.tracer import is_box
from ..core.tree_paths import first_difference
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from .border import describe, to_input

__all__ = ["Raveling", "ravel_pytree"]


@border
def ravel_pytree(tree: Any, **unknown: NoReturn) -> tuple[Any, Callable[[Any], Any]]:
    """The numbers of ``tree`` as one vector, and the function that makes a container like it of such a vector.

    The leaves come one after the other, each in C order. Vector and container have memory of their own. The vector has
    the largest precision among the leaves, and ``unravel`` gives each leaf its own; integers count as float64, as they
    do in ``grad``. What is no number (None, text, booleans) is no part of the vector, and stands where it stood.

    ``unravel`` is differentiable, and can be pickled; it raises ValueError for a vector of another size, and TypeError
    for a complex one where the leaves are real.

    >>> vector, unravel = ravel_pytree({"w": np.array([[1.0, 2.0]]), "b": 3.0, "name": "layer"})
    >>> vector
    array([1., 2., 3.])
    >>> unravel(10.0 * vector)
    {'w': array([[10., 20.]]), 'b': np.float64(30.0), 'name': 'layer'}
    """
    if unknown:
        raise unknown_keyword("ravel_pytree", unknown)
    raveling = Raveling(tree)
    vector = raveling.ravel(tree)
    return anp.copy(vector) if len(raveling.places) == 1 else vector, Unravel(raveling)


class Unravel:
    """What :func:`ravel_pytree` gives beside the vector."""

    def __init__(self, raveling: Raveling) -> None:
        self.raveling = raveling

    def __repr__(self) -> str:
        return f"unravel to {self.raveling.structure}"

    @border
    def __call__(self, vector: Any) -> Any:
        raveling = self.raveling
        if not is_box(vector):
            vector = np.asarray(vector)
        if vector.shape != (raveling.size,):
            raise ValueError(f"unravel: a vector of {raveling.size} numbers is needed, got shape {vector.shape}.")
        if vector.dtype.kind not in "biuf" and (vector.dtype.kind != "c" or raveling.dtype.kind != "c"):
            raise TypeError(f"unravel: a vector of {raveling.dtype} is needed, got {describe(vector)}.")
        return raveling.unravel(anp.copy(vector))


class Raveling:
    """How containers like ``tree`` become vectors: the leaves one after the other, each in C order.

    What is no number is left out, and put back.

    >>> raveling = Raveling({"a": 1.0, "b": np.zeros((2, 1))})
    >>> raveling.unravel(np.arange(3.0))
    {'a': np.float64(0.0), 'b': array([[1.],
           [2.]])}
    """

    def __init__(self, tree: Any) -> None:
        leaves, self.structure = tree_flatten(tree)
        inputs = [to_input(x) for x in leaves]
        self.others = [leaf if x is None else None for x, leaf in zip(inputs, leaves)]
        self.places = [i for i, x in enumerate(inputs) if x is not None]
        numbers = [inputs[i] for i in self.places]
        self.shapes = [tuple(x.shape) for x in numbers]
        self.dtypes = [x.dtype for x in numbers]
        self.dtype = np.result_type(*self.dtypes) if numbers else np.dtype(np.float64)
        self.sizes = [math.prod(shape) for shape in self.shapes]
        self.size = sum(self.sizes)
        self.is_vector = self.structure.kind is None and len(self.shapes) == 1 and len(self.shapes[0]) == 1

    def ravel(self, tree: Any) -> Any:
        leaves, structure = tree_flatten(tree)
        if structure != self.structure:
            raise TypeError(
                f"a container is {structure}, but should be {self.structure}: "
                f"{first_difference(structure, self.structure)}."
            )
        parts = [anp.reshape(leaves[i], (-1,)) for i in self.places]
        joined = parts[0] if len(parts) == 1 else anp.concatenate(parts) if parts else np.zeros(0)
        return joined if joined.dtype == self.dtype else anp.astype(joined, self.dtype)

    def unravel(self, vector: Any) -> Any:
        if self.is_vector and vector.dtype == self.dtype:
            return vector
        leaves, first = list(self.others), 0
        for i, shape, dtype, size in zip(self.places, self.shapes, self.dtypes, self.sizes):
            part = anp.reshape(vector[first : first + size], shape)[()]
            if part.dtype.kind == "c" != dtype.kind:
                part = anp.real(part)
            leaves[i] = part if part.dtype == dtype else anp.astype(part, dtype)
            first += size
        return tree_unflatten(self.structure, leaves)
