"""Specs: what is known of a value in every run: what kind of value it is, its shape, dtype and strides."""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["Spec", "array_spec", "c_strides", "make_spec", "new_spec", "spec_of", "tuple_of"]


class Spec:
    """What holds of the value of a step in each run. Nobody changes one; equal ones are one object, as a rule.

    Attributes:
        kind: the type: ``np.ndarray``, a scalar type of NumPy, ``float``, ``tuple``, …
        shape, dtype, strides: of arrays and NumPy's scalars. Other values have ``()``, None and ``()``.
        items: of a tuple or list the specs of its items, else ``()``.
        ndim, size, itemsize, nbytes: as NumPy's (bytes).
        is_array: whether the value is an array (of any number of axes), and no scalar.
        is_contiguous: whether the elements lie in C order without gaps.
    """

    __slots__ = (
        "kind", "shape", "dtype", "strides", "items", "ndim", "size", "itemsize", "nbytes", "is_array", "is_contiguous",
        "hashed",
    )

    def __init__(self, kind: type, shape: tuple, dtype: np.dtype | None, strides: tuple, items: tuple = ()) -> None:
        self.kind, self.shape, self.dtype, self.strides, self.items = kind, shape, dtype, strides, items
        self.ndim, self.size = len(shape), math.prod(shape)
        self.itemsize = dtype.itemsize if dtype is not None else 0
        self.nbytes = self.size * self.itemsize
        self.is_array = kind is np.ndarray
        self.is_contiguous = not self.size or all(
            length == 1 or stride == natural
            for length, stride, natural in zip(shape, strides, c_strides(shape, self.itemsize))
        )

        self.hashed = hash(self.key())

    def key(self) -> tuple:
        return self.kind, self.shape, self.dtype, self.strides, self.items

    def __eq__(self, other: object) -> bool:
        return self is other or type(other) is Spec and self.key() == other.key()

    def __hash__(self) -> int:
        return self.hashed

    def __repr__(self) -> str:
        if self.items:
            return repr(self.items)
        return f"{self.dtype}{list(self.shape)}" if self.is_array else self.kind.__name__

    @property
    def is_sequence(self) -> bool:
        """Whether the value is a tuple or list, also a named tuple."""
        return issubclass(self.kind, (tuple, list))

    @property
    def is_scalar(self) -> bool:
        """Whether the value is one of NumPy's scalars."""
        return self.dtype is not None and not self.is_array

    def as_python(self) -> Spec:
        """The number of Python's for a scalar of NumPy's; anything else is what it is."""
        return make_spec(type(self.dtype.type().item()), (), None, ()) if self.is_scalar else self

    def example(self) -> Any:
        """A value with this spec. Elements of arrays are zeros, in memory that all examples share and none may write.
        (Zeros of their own would be memory that was let go, as a rule, which has to be cleared.)"""
        if self.is_array and self.dtype.hasobject:
            return np.empty(self.shape, self.dtype)
        if self.is_array:
            ends = [(length - 1) * stride for length, stride in zip(self.shape, self.strides)] if self.size else [0]
            low, high = (sum(pick(end, 0) for end in ends) for pick in (min, max))
            return np.ndarray(self.shape, self.dtype, zeros(high - low + self.itemsize), -low, self.strides)
        if self.dtype is not None:
            return np.zeros((), self.dtype)[()]
        if self.is_sequence:
            items = [item.example() for item in self.items]
            return self.kind(*items) if hasattr(self.kind, "_fields") else self.kind(items)
        return None if self.kind is type(None) else self.kind()

    def with_shape(self, shape: tuple[int, ...]) -> Spec:
        """An array of this dtype and another shape, in C order."""
        return array_spec(shape, self.dtype)


def zeros(nbytes: int) -> np.ndarray:
    """So many zeros, the same as last time if they suffice and somebody still has them."""
    global latest
    block = latest()
    if block is None or block.size < nbytes:
        block = np.zeros(nbytes, np.uint8)
        block.flags.writeable = False
        latest = weakref.ref(block)
    return block


latest: Callable[[], np.ndarray | None] = type(None)

make_spec = functools.lru_cache(maxsize=4096)(Spec)


def array_spec(shape: tuple[int, ...], dtype: Any) -> Spec:
    """An array in C order.

    >>> array_spec((2, 3), float)
    float64[2, 3]
    """
    dtype = np.dtype(dtype)
    return make_spec(np.ndarray, shape, dtype, c_strides(shape, dtype.itemsize))


def new_spec(shape: tuple[int, ...], dtype: Any, axes: Sequence[int]) -> Spec:
    """An array without gaps, with these axes from the outermost to the innermost.

    >>> new_spec((2, 3), np.dtype(float), (1, 0)).strides
    (8, 16)
    """
    inner = c_strides(tuple([shape[axis] for axis in axes]), dtype.itemsize)
    strides = dict(zip(axes, inner))
    return make_spec(np.ndarray, shape, dtype, tuple([strides[axis] for axis in range(len(shape))]))


def tuple_of(items: Iterable[Spec]) -> Spec:
    """A tuple of such values."""
    return Spec(tuple, (), None, (), tuple(items))


def c_strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The strides of an array in C order."""
    strides = []
    for length in reversed(shape):
        strides.append(itemsize)
        itemsize *= max(length, 1)
    return tuple(reversed(strides))


def spec_of(value: Any) -> Spec:
    """The spec of a value.

    >>> spec_of((np.ones(3), 1.5))
    (float64[3], float)
    """
    kind = type(value)
    if kind is np.ndarray:
        return make_spec(kind, value.shape, value.dtype, value.strides)
    if isinstance(value, np.generic):
        return make_spec(kind, (), value.dtype, ())
    if isinstance(value, (tuple, list)):
        return Spec(kind, (), None, (), tuple(map(spec_of, value)))
    return make_spec(kind, (), None, ())
