"""The types of the transformations: a transformed function keeps the parameters of the function.

A gradient is like an argument, an array, a number or a container, which its annotation may not say (``x: float`` takes
arrays too): ``Tree`` fits all of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Generic, Literal, TypeVar, overload

import numpy as np
from typing_extensions import ParamSpec

from .. import _types as _t

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
A = TypeVar("A")
C = TypeVar("C")
S = TypeVar("S")
T = TypeVar("T")

@overload
def grad(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None,
    has_aux: Literal[False] = False,
) -> Callable[P, _t.Tree]: ...
@overload
def grad(
    fun: Callable[P, tuple[Any, A]], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: Literal[True]
) -> Callable[P, tuple[_t.Tree, A]]: ...
@overload
def grad(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool
) -> Callable[P, Any]: ...
@overload
def elementwise_grad(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None,
    has_aux: Literal[False] = False,
) -> Callable[P, _t.Tree]: ...
@overload
def elementwise_grad(
    fun: Callable[P, tuple[Any, A]], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: Literal[True]
) -> Callable[P, tuple[_t.Tree, A]]: ...
@overload
def elementwise_grad(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool
) -> Callable[P, Any]: ...
@overload
def holomorphic_grad(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None,
    has_aux: Literal[False] = False,
) -> Callable[P, _t.Tree]: ...
@overload
def holomorphic_grad(
    fun: Callable[P, tuple[Any, A]], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: Literal[True]
) -> Callable[P, tuple[_t.Tree, A]]: ...
@overload
def holomorphic_grad(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool
) -> Callable[P, Any]: ...
@overload
def value_and_grad(
    fun: Callable[P, R], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: Literal[False] = False
) -> Callable[P, tuple[R, _t.Tree]]: ...
@overload
def value_and_grad(
    fun: Callable[P, R], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool
) -> Callable[P, tuple[R, _t.Tree]]: ...
def grad_and_aux(
    fun: Callable[P, tuple[Any, A]], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None
) -> Callable[P, tuple[_t.Tree, A]]: ...
def jacobian(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool = False,
    chunk_size: int | None = None, sparsity: Any = None, dense: bool = False, check: bool = False,
) -> Callable[P, _t.Tree]: ...
def jacrev(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[P, _t.Tree]: ...
def jacfwd(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[P, _t.Tree]: ...
def hessian(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[P, _t.Tree]: ...
def deriv(
    fun: Callable[P, Any], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool = False
) -> Callable[P, _t.Tree]: ...
def hvp(
    fun: _t.Function, argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool = False
) -> Callable[..., _t.Tree]: ...
def value_grad_and_hvp(
    fun: Callable[..., R], argnums: _t.Ints = 0, *, argnames: _t.Names | None = None, has_aux: bool = False
) -> Callable[..., tuple[R, _t.Tree, _t.Tree]]: ...
def derivatives(
    fun: Callable[P, R], order: int, argnums: int = 0, *, argnames: str | None = None, has_aux: bool = False
) -> Callable[P, list[R]]: ...
def jet(fun: Callable[..., R], primals: Sequence[Any], series: Sequence[Any]) -> tuple[R, list[R]]: ...
@overload
def vjp(
    fun: Callable[..., R], *args: Any, has_aux: Literal[False] = False
) -> tuple[R, Callable[[Any], tuple[_t.Tree, ...]]]: ...
@overload
def vjp(
    fun: Callable[..., tuple[R, A]], *args: Any, has_aux: Literal[True]
) -> tuple[R, Callable[[Any], tuple[_t.Tree, ...]], A]: ...
@overload
def jvp(
    fun: Callable[..., R], primals: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[False] = False
) -> tuple[R, R]: ...
@overload
def jvp(
    fun: Callable[..., tuple[R, A]], primals: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[True]
) -> tuple[R, R, A]: ...
def linearize(fun: Callable[..., R], *primals: Any) -> tuple[R, Callable[..., R]]: ...
def make_ggnvp(
    fun: Callable[P, Any], loss: Callable[[Any], Any] | None = None, argnum: int = 0
) -> Callable[P, Callable[[Any], _t.Tree]]: ...
@overload
def vmap(fun: Callable[P, float], in_axes: Any = 0, out_axes: Any = 0) -> Callable[P, _t.Number]: ...
@overload
def vmap(fun: Callable[P, R], in_axes: Any = 0, out_axes: Any = 0) -> Callable[P, R]: ...
def checkpoint(fun: Callable[P, R]) -> Callable[P, R]: ...
def scan(
    f: Callable[[Any, Any], tuple[C, Any]], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False
) -> tuple[C, _t.Tree]: ...
def fori_loop(lower: int, upper: int, body: Callable[[Any, Any], C], init: Any) -> C: ...
def custom_root(
    f: Callable[[Any], Any], initial_guess: Any, solve: Callable[[Any, Any], Any] | None = None,
    tangent_solve: Callable[[Any, Any], Any] | None = None,
) -> _t.Tree: ...
def custom_linear_solve(
    matvec: Callable[[Any], Any], b: Any, solve: Callable[[Any, Any], Any] | None = None,
    transpose_solve: Callable[[Any, Any], Any] | None = None, symmetric: bool = False,
) -> _t.Tree: ...
def detect_sparsity(
    fun: _t.Function, *args: Any, argnums: _t.Ints = 0, argnames: _t.Names | None = None
) -> np.ndarray[Any, np.dtype[np.bool]]: ...
def stop_gradient(x: T) -> T: ...
def to_numpy(x: T) -> T: ...

class _Custom(Generic[P, R]):
    __name__: str
    def __init__(self, fun: Callable[P, R], nondiff_argnums: _t.Ints = ()) -> None: ...
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __get__(self, instance: None, owner: type | None = None) -> _Custom[P, R]: ...
    @overload
    def __get__(self: _Custom[Concatenate[S, Q], R], instance: S, owner: type | None = None) -> Callable[Q, R]: ...
    @overload  # of a static method
    def __get__(self, instance: object, owner: type | None = None) -> Callable[P, R]: ...
    def check(self, *args: Any, **options: Any) -> None: ...

class custom_vjp(_Custom[P, R]):
    def defvjp(self, fwd: _t.Function, bwd: _t.Function) -> None: ...
    def defvjps(self, *rules: _t.Function | None) -> None: ...

class custom_jvp(_Custom[P, R]):
    def defjvp(self, jvp: Callable[Q, A]) -> Callable[Q, A]: ...
    def defjvps(self, *rules: _t.Function | None) -> None: ...
