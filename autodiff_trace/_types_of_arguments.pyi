"""The types of arguments, for the stubs, and of results that do not depend on the checker."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, SupportsIndex, TypeAlias, TypedDict

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from typing_extensions import Unpack as Unpack

# What a parameter of any type has: beside Any mypy would not infer what ``jac=grad(lambda x: x**2)`` is.
Value: TypeAlias = object

Anything: TypeAlias = Any
Axis: TypeAlias = SupportsIndex | Sequence[SupportsIndex] | None
DType: TypeAlias = DTypeLike | None
DTypeOf: TypeAlias = np.dtype[Any]
Flag: TypeAlias = bool | np.bool
Function: TypeAlias = Callable[..., Any]
Ints: TypeAlias = int | Sequence[int]
Names: TypeAlias = str | Sequence[str]
Nothing: TypeAlias = None
Operand: TypeAlias = ArrayLike | Sequence[Any]
Shape: TypeAlias = tuple[int, ...]
Text: TypeAlias = str
Truth: TypeAlias = bool
Whole: TypeAlias = int

class UfuncOptions(TypedDict, total=False):
    """What every ufunc takes besides its arguments."""

    where: Any
    casting: Literal["no", "equiv", "safe", "same_kind", "unsafe", "same_value"]
    order: Literal["K", "A", "C", "F"] | None
    dtype: DTypeLike | None
    subok: bool
    signature: Any

class MatrixUfuncOptions(UfuncOptions, total=False):
    """What ufuncs of vectors and matrices take."""

    axes: Any
    axis: SupportsIndex
    keepdims: bool
