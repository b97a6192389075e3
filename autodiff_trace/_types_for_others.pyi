"""Results for checkers other than mypy: NumPy's arrays, and Any for what may be a number or a container."""

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]  # pyright does not take NDArray[Any] for something that has a real part
Number: TypeAlias = Any
Tree: TypeAlias = Any
