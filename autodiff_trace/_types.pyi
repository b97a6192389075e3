"""The types of arguments and results, for the stubs; nothing of this is there when a program runs.

Results of traced functions are arrays or numbers, which only values tell: a type that is too narrow refuses programs
that are right. For mypy, which warns of Any that is returned, they have a class that fits wherever an array, a number
or a container is asked for; other checkers take an array for NumPy's, and for Any what may be a number.
"""

from typing import Protocol, TypeAlias

from ._types_of_arguments import (
    Anything as Anything, Axis as Axis, DType as DType, DTypeOf as DTypeOf, Flag as Flag,
    Function as Function, Ints as Ints, MatrixUfuncOptions as MatrixUfuncOptions, Names as Names,
    Nothing as Nothing, Operand as Operand, Scalar as Scalar, Shape as Shape, Text as Text,
    Truth as Truth, UfuncOptions as UfuncOptions, Unpack as Unpack, Whole as Whole,
)

# mypy takes MYPY for true, so that it passes over the first import. Other checkers pass over the second one.
MYPY: bool
if not MYPY:
    from ._types_for_others import (
        Array as Array, BinaryUfunc as BinaryUfunc, Number as Number, TernaryUfunc as TernaryUfunc,
        Tree as Tree, UnaryUfunc as UnaryUfunc,
    )
if 0:
    from ._types_for_mypy import (
        Array as Array, BinaryUfunc as BinaryUfunc, Number as Number, TernaryUfunc as TernaryUfunc,
        Tree as Tree, UnaryUfunc as UnaryUfunc,
    )

Arrays: TypeAlias = tuple[Array, ...]
ListOfArrays: TypeAlias = list[Array]

class Concatenator(Protocol):
    """``r_`` and ``c_``."""

    def __getitem__(self, key: Anything, /) -> Array: ...
