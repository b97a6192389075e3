"""The types of ``jit`` and ``graph``: a compiled function keeps the parameters and the result of the function."""

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Generic, TypeVar, overload

from typing_extensions import ParamSpec

from .. import _types as _t
from .dispatch.cache import CacheInfo
from .graph.graph import Counts

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")

class Graph:
    """What a function does for one kind of arguments."""

    __name__: str
    @property
    def inputs(self) -> list[Any]: ...
    @property
    def nodes(self) -> list[Any]: ...
    @property
    def guards(self) -> list[str]: ...
    @property
    def native(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def counts(self) -> Counts: ...
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any: ...
    def to_dot(self) -> str: ...

class _Jitted(Generic[P, R]):
    """A function that is compiled."""

    __name__: str
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __get__(self, instance: None, owner: type | None = None) -> _Jitted[P, R]: ...
    @overload
    def __get__(self: _Jitted[Concatenate[S, Q], R], instance: S, owner: type | None = None) -> Callable[Q, R]: ...
    @overload  # of a static method
    def __get__(self, instance: object, owner: type | None = None) -> Callable[P, R]: ...
    def graph(self, *args: P.args, **kwargs: P.kwargs) -> Graph: ...
    def cache_info(self) -> CacheInfo: ...
    def clear_cache(self) -> None: ...

class _Jit:
    """What ``jit`` with options is: a decorator."""

    def __call__(self, fun: Callable[P, R], /) -> _Jitted[P, R]: ...

@overload
def jit(
    fun: Callable[P, R], static_argnames: _t.Names = (), passes: Sequence[str] = ..., constant: _t.Names = (),
    backend: str = "auto", math: str = "own",
) -> _Jitted[P, R]: ...
@overload
def jit(
    fun: None = None, static_argnames: _t.Names = (), passes: Sequence[str] = ..., constant: _t.Names = (),
    backend: str = "auto", math: str = "own",
) -> _Jit: ...
def graph(fun: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Graph: ...
