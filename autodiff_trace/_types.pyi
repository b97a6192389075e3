"""The types of arguments and results, for the stubs; nothing of this is there when a program runs.

What is an array at any rate has NumPy's type. Other results are arrays or numbers, which only values tell: a type that
is too narrow refuses programs that are right. For mypy, which warns of Any that is returned, they have a class that
fits wherever an array, a number or a container is asked for; for other checkers they are Any.
"""

from typing import Any, Protocol, TypeAlias

import numpy as np

from ._types_of_arguments import (
    Anything as Anything, Axis as Axis, DType as DType, DTypeOf as DTypeOf, Flag as Flag,
    Function as Function, Ints as Ints, MatrixUfuncOptions as MatrixUfuncOptions, Names as Names,
    Nothing as Nothing, Operand as Operand, Shape as Shape, Text as Text,
    Truth as Truth, UfuncOptions as UfuncOptions, Unpack as Unpack, Value as Value, Whole as Whole,
)

# mypy takes MYPY for true, so that it passes over the first import. Other checkers pass over the second one.
MYPY: bool
if not MYPY:
    from ._types_for_others import Number as Number, Tree as Tree
if 0:
    from ._types_for_mypy import Number as Number, Tree as Tree

# pyright does not take NDArray[Any] for something with a real part.
Array: TypeAlias = np.ndarray[Any, Any]
Arrays: TypeAlias = tuple[Array, ...]
ListOfArrays: TypeAlias = list[Array]

class Concatenator(Protocol):
    """``r_`` and ``c_``."""

    def __getitem__(self, key: Value, /) -> Array: ...

# Ufuncs have one signature: of overloaded ones checkers keep the first, where ``grad(grad(anp.tanh))`` is asked for.
class Ufunc(Protocol):
    """What ufuncs have besides being called."""

    @property
    def __name__(self) -> Text: ...
    def at(self, a: Value, indices: Value, b: Value = ..., /) -> None: ...

class UnaryUfunc(Ufunc, Protocol):
    """A ufunc of one argument."""

    def __call__(self, x: Operand, /, out: Value = None, **options: Unpack[UfuncOptions]) -> Number: ...

class BinaryUfunc(Ufunc, Protocol):
    """A ufunc of two arguments, with its methods."""

    def __call__(
        self, x1: Operand, x2: Operand, /, out: Value = None, **options: Unpack[UfuncOptions]
    ) -> Number: ...
    def reduce(
        self, array: Operand, axis: Axis = 0, dtype: DType = None, out: Value = None, keepdims: Flag = False,
        initial: Value = ..., where: Value = True,
    ) -> Number: ...
    def accumulate(self, array: Operand, axis: Axis = 0, dtype: DType = None, out: Value = None) -> Array: ...
    def reduceat(
        self, array: Operand, indices: Operand, axis: Axis = 0, dtype: DType = None, out: Value = None
    ) -> Array: ...
    def outer(self, A: Operand, B: Operand, /, **options: Value) -> Array: ...

class TernaryUfunc(Ufunc, Protocol):
    """A ufunc of three arguments."""

    def __call__(
        self, x1: Operand, x2: Operand, x3: Operand, /, out: Value = None, **options: Unpack[UfuncOptions]
    ) -> Number: ...
