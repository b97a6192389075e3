"""Results for checkers other than mypy: NumPy's arrays, and Any for what may be a number or a container."""

from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Number: TypeAlias = Any
Tree: TypeAlias = Any
