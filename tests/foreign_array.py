"""An array of another library, as CuPy's behave: it becomes a NumPy array only where its user says so.

It speaks NumPy's protocols and has a namespace of its own; what has dimension 0 stays an array; beside NumPy's arrays
it raises, as CuPy does (their numbers and Python's it takes).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

__all__ = ["ForeignArray", "add_at", "to_numpy"]

ATTRIBUTES = frozenset(
    "dtype flags itemsize nbytes ndim shape size strides".split()
)
METHODS = frozenset("""
    all any argmax argmin argsort clip conj conjugate copy cumprod cumsum diagonal dot flatten max mean min nonzero
    prod ravel repeat reshape round searchsorted sort squeeze std sum swapaxes take trace transpose
""".split())
NUMBERS = (bool, int, float, complex, np.generic)
LACKING = {
    np.argpartition: "order", np.argsort: "order stable", np.count_nonzero: "keepdims", np.eye: "device",
    np.linalg.svd: "hermitian", np.max: "initial where", np.min: "initial where", np.unique: "equal_nan sorted",
}
"""Parameters of NumPy's functions that CuPy's do not have."""


class ForeignArray(NDArrayOperatorsMixin):
    """An array in memory that NumPy does not know."""

    __slots__ = ("memory", "base")

    def __init__(self, memory, base=None):
        self.memory = memory
        self.base = base

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Use to_numpy(x).")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method == "at" or "where" in kwargs:
            return NotImplemented
        if not all(isinstance(x, (ForeignArray, *NUMBERS)) for x in inputs):
            if any(isinstance(x, np.ndarray) for x in inputs):
                raise TypeError("Unsupported type <class 'numpy.ndarray'>")
            return NotImplemented
        return wrap(getattr(ufunc, method)(*unwrap(inputs), **unwrap(kwargs)))

    def __array_function__(self, function, types, args, kwargs):
        if not all(issubclass(kind, ForeignArray) for kind in types):
            if any(issubclass(kind, np.ndarray) for kind in types):
                raise TypeError("Unsupported type <class 'numpy.ndarray'>")
            return NotImplemented
        lacking = LACKING.get(function, "").split()
        if not kwargs.keys().isdisjoint(lacking):
            raise TypeError(f"{function.__name__}() got an unexpected keyword argument among {lacking}")
        ans = function(*unwrap(args), **unwrap(kwargs))
        if args and isinstance(args[0], ForeignArray) and isinstance(ans, np.ndarray):
            return args[0].view(ans)
        return wrap(tuple(ans) if isinstance(ans, tuple) else ans)

    def __getattr__(self, name):
        if name in ATTRIBUTES:
            return getattr(self.memory, name)
        if name in METHODS:
            method = getattr(self.memory, name)
            return lambda *args, **kwargs: self.view(method(*unwrap(args), **unwrap(kwargs)))
        raise AttributeError(f"'ForeignArray' object has no attribute {name!r}")

    T = property(lambda self: self.view(self.memory.T))
    real = property(lambda self: self.view(self.memory.real))
    imag = property(lambda self: self.view(self.memory.imag))

    def astype(self, dtype, copy=True):
        return ForeignArray(self.memory.astype(dtype)) if copy or self.dtype != dtype else self

    def __getitem__(self, index):
        return self.view(self.memory[unwrap(index)])

    def view(self, memory):
        """``memory``, which is that of this array or has been computed from it."""
        if not isinstance(memory, (np.ndarray, np.generic)):
            return memory
        shares = isinstance(memory, np.ndarray) and np.may_share_memory(memory, self.memory)
        return ForeignArray(np.asarray(memory), (self if self.base is None else self.base) if shares else None)

    def __setitem__(self, index, value):
        self.memory[unwrap(index)] = unwrap(value)

    def __len__(self):
        return len(self.memory)

    def __iter__(self):
        return map(wrap, self.memory)

    def __bool__(self):
        return bool(self.memory)

    def __float__(self):
        return float(self.memory)

    def __int__(self):
        return int(self.memory)

    def __repr__(self):
        return f"ForeignArray({self.memory!r})"


def wrap(x):
    if isinstance(x, (tuple, list)):
        items = map(wrap, x)
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    return ForeignArray(np.asarray(x)) if isinstance(x, (np.ndarray, np.generic)) else x


def unwrap(x):
    if isinstance(x, ForeignArray):
        return x.memory
    if isinstance(x, (tuple, list)):
        return type(x)(map(unwrap, x))
    if isinstance(x, dict):
        return {name: unwrap(value) for name, value in x.items()}
    return x


def to_numpy(x):
    """The NumPy array of the same elements."""
    return x.memory


def add_at(x, index, value):
    """``np.add.at``, which the protocol does not hand over."""
    np.add.at(x.memory, unwrap(index), unwrap(value))
