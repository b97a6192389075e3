"""Functions as SciPy calls them, many times on plain values: as they are at first, compiled when that pays."""

from __future__ import annotations

import time
import types
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from ...compiler.jitted import Jitted
from ...compiler.jit import jit as compile_function
from ...transforms.closures import Closure

__all__ = ["derived"]

COMPILING_SECONDS = 0.005
"""What it takes to compile an ordinary function. When evaluations have taken as long, more of them are expected."""

KEPT = "__solved_for__"
"""The attribute of a user's function that has what was derived from it, compiled, for the next call of a solver."""


class Evaluator:
    """``derive(fun)`` of a user's function, to be called on plain values.

    ``jit``: whether it is compiled: None when that pays. A function that prints is not, so that it goes on printing.
    """

    def __init__(self, fun: Callable, derive: Callable[[Callable], Callable], jit: bool | None) -> None:
        self.fun = derive(fun)
        self.seconds = 0.0
        self.jitted: Jitted | None = None
        self.wanted = jit if jit is not None else not prints(fun)
        if jit:
            self.compile()

    def compile(self) -> None:
        self.jitted = compile_function(self.fun)
        self.jitted.warned = True  # nobody has asked for it, so nobody wants to know why it is not compiled

    def __call__(self, *args: Any) -> Any:
        if self.jitted is not None:
            return self.jitted(*args)
        start = time.perf_counter()
        result = self.fun(*args)
        self.seconds += time.perf_counter() - start
        if self.wanted and self.seconds > COMPILING_SECONDS:
            self.compile()
        return result


def prints(fun: Callable) -> bool:
    code = getattr(fun, "__code__", None)
    return isinstance(code, types.CodeType) and not {"print", "display", "logging", "input"}.isdisjoint(code.co_names)


def derived(
    fun: Callable, derive: Callable[[Callable], Callable], key: Hashable, closure: Closure, hidden: list,
    jit: bool | None = None,
) -> Callable:
    """``derive(fun)`` as a function of plain arguments, where the hidden values of the closure are as given.

    ``key`` says what ``derive`` makes: it is kept for the next call of the solver with the same function.
    """
    if jit is False:
        return derive(fun)
    if hidden:
        evaluate = Evaluator(fun, lambda fun: with_hidden(closure, derive(fun)), jit)
        values = [np.asarray(x)[()] if not isinstance(x, np.ndarray) else x for x in hidden]
        return lambda *args: evaluate(values, *args)
    if not isinstance(fun, types.FunctionType):
        return Evaluator(fun, derive, jit)
    owner, evaluators = getattr(fun, KEPT, (None, {}))
    if owner is not fun:  # of a function that this one wraps
        evaluators = {}
        setattr(fun, KEPT, (fun, evaluators))
    if (key, jit) not in evaluators:
        evaluators[key, jit] = Evaluator(fun, derive, jit)
    return evaluators[key, jit]


def with_hidden(closure: Closure, fun: Callable) -> Callable:
    def call(values, *args):
        return closure.run(values, fun, *args)

    return call
