"""Results for checkers other than mypy: Any for what may be a number or a container."""

from typing import Any, TypeAlias

Number: TypeAlias = Any
Tree: TypeAlias = Any
