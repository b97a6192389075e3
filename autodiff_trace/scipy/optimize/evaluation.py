"""Functions as SciPy calls them, many times on plain values: as they are at first, compiled when that pays."""

from __future__ import annotations

import time
import types
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from ...captured_state.captured import CapturedState
from ...compiler.jit import jit as compile_function
from ...compiler.record.outside import why_unwatched
from ...transforms.closures import Closure

__all__ = ["derived"]

COMPILING_SECONDS = 0.005
"""What it takes to compile an ordinary function. When evaluations have taken as long, more of them are expected."""

MOST_KEPT = 16
kept: OrderedDict[Callable, dict[Hashable, Evaluator]] = OrderedDict()
"""What was made of the last functions that were solved for, which may be solved for again."""


class Evaluator:
    """A function that is made of a user's one, to be called on plain values.

    ``jit``: whether it is compiled: None when that pays. A function that prints is not, so that it goes on printing.
    """

    def __init__(self, fun: Callable, users: Callable, jit: bool | None) -> None:
        self.fun = fun
        self.seconds = 0.0
        self.jitted: Callable | None = None
        self.waits = jit is None and not prints(users)
        if jit:
            self.compile()

    def __call__(self, *args: Any) -> Any:
        if self.jitted is not None:
            return self.jitted(*args)
        if not self.waits:
            return self.fun(*args)
        start = time.perf_counter()
        result = self.fun(*args)
        self.seconds += time.perf_counter() - start
        if self.seconds > COMPILING_SECONDS:
            self.compile()
        return result

    def compile(self) -> None:
        self.jitted = compiled(self.fun)


class HiddenEvaluator(Evaluator):
    """The same of a function that closes over traced values, which stand for ``values``.

    ``jit`` does not look into functions that hold boxes, so it gets one that hides them. What the function reads
    outside is watched here; where it changes while the solver runs, the function itself runs.
    """

    def __init__(self, fun: Callable, users: Callable, jit: bool | None, closure: Closure, values: list) -> None:
        self.closure = closure
        self.values = [x if isinstance(x, np.ndarray) else np.asarray(x)[()] for x in values]
        super().__init__(fun, users, jit)

    def compile(self) -> None:
        self.waits = False
        watched = CapturedState(self.fun)
        if why_unwatched(watched):
            return
        hiding = compiled(lambda values, *args: self.closure.run(values, self.fun, *args))

        def call(*args):
            if watched.hold():
                return hiding(self.values, *args)
            self.jitted = None
            return self.fun(*args)

        self.jitted = call


def compiled(fun: Callable) -> Callable:
    jitted = compile_function(fun)
    jitted.warned = True  # nobody has asked for it, so nobody wants to know why it runs as it is
    return jitted


def prints(fun: Callable) -> bool:
    code = getattr(fun, "__code__", None)
    return isinstance(code, types.CodeType) and not {"print", "display", "logging", "input"}.isdisjoint(code.co_names)


def derived(
    fun: Callable, derive: Callable[[Callable], Callable], key: Hashable, closure: Closure, hidden: list,
    jit: bool | None = None,
) -> Callable:
    """``derive(fun)`` as a function of plain arguments, where the hidden values of the closure are as given.

    ``derive`` makes Transformed objects alone, through which ``jit`` sees the user's function; ``key`` tells what it
    makes, so that the next call of a solver with this function finds it compiled.
    """
    if jit is False:
        return derive(fun)
    if hidden:
        return HiddenEvaluator(derive(fun), fun, jit, closure, hidden)
    if not isinstance(fun, types.FunctionType):
        return Evaluator(derive(fun), fun, jit)
    evaluators = kept.setdefault(fun, {})
    kept.move_to_end(fun)
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    if (key, jit) not in evaluators:
        evaluators[key, jit] = Evaluator(derive(fun), fun, jit)
    return evaluators[key, jit]
