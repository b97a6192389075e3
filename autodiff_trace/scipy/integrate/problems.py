"""A call of a solver: its traced arguments, what its functions close over, and what SciPy makes of plain values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...core.pytree import tree_unflatten
from ...core.recording import is_recording
from ...core.tracer import is_box, running_traces, to_value
from ...transforms.closures import Closure, running
from ...transforms.remembering import Remembered
from .fields import plain_function
from .whole_steps import replaced

__all__ = ["Problem"]

MOST_RUNS = 8
"""How many of SciPy's solutions one call keeps, for steps that are computed in parts."""


class Problem:
    """The user's functions in one closure, which takes the number of the function first, and the flat arguments.

    A subclass says what SciPy computes: ``run_scipy(arguments, plain_form)``, where ``plain_form`` gives of each
    function the one that SciPy calls.
    """

    def __init__(self, name: str, functions: Sequence[Callable], leaves: list, structure: Any) -> None:
        self.functions = list(functions)
        # A recorded program reads arrays when it runs; else they are those of the call.
        is_read_anew = is_recording(running_traces())
        copied = () if is_read_anew else np.ndarray
        self.leaves = [np.array(leaf) if isinstance(leaf, copied) else leaf for leaf in leaves]
        self.structure = structure
        self.traced = [i for i, leaf in enumerate(leaves) if is_box(leaf)]
        self.read_anew = [i for i, leaf in enumerate(leaves) if is_read_anew and isinstance(leaf, np.ndarray)]
        self.remembered = Remembered([*functions, [leaves[i] for i in self.read_anew]], name)
        self.closure = RecallingClosure(self)
        self.runs: dict[tuple, Any] = {}

    def dispatch(self, which, *args):
        return self.adapted(which)(*args)

    def adapted(self, which: int) -> Callable:
        """A function of the user in the form in which the closure calls it."""
        return self.functions[which]

    def recall(self) -> None:
        """Let the functions and the arrays be those of the call, whatever has become of what they read."""
        *self.functions, arrays = self.remembered.functions_of_then()
        for i, array in zip(self.read_anew, arrays):
            self.leaves[i] = array

    def discover(self, *args: Any) -> None:
        for which in range(len(self.functions)):
            self.closure.discover(which, *args)

    def values(self) -> list:
        """The traced values: arguments, and what the functions read from around them."""
        return [*[self.leaves[i] for i in self.traced], *self.closure.hidden]

    def arguments(self, values: Sequence) -> Any:
        """The arguments with these values."""
        return tree_unflatten(self.structure, replaced(self.leaves, self.traced, values))

    def hidden_of(self, values: Sequence) -> Sequence:
        return values[len(self.traced) :]

    def run(self, values: Sequence) -> Any:
        """What SciPy computes of the plain values under these."""
        plain = tuple(map(to_value, values))
        key = tuple([content(x) for x in (*plain, *self.remembered.arrays_read_anew)])
        found = self.runs.get(key)
        if found is None:
            is_first = not self.runs
            hidden = self.hidden_of(plain)
            plain_form = functools.partial(plain_function, closure=self.closure, hidden=hidden)

            def thunk():
                with running(()):  # SciPy's many calls are recorded by nobody
                    return [self.run_scipy(self.arguments(plain), plain_form)]

            with self.closure.recalled():
                found = self.closure.run(hidden, thunk)[0]
            if is_first:
                self.remembered.forget_written()
            # A new dict, since other threads may be looking into this one.
            self.runs = dict([*self.runs.items(), (key, found)][-MOST_RUNS:])
        return found

    def run_scipy(self, arguments: Any, plain_form: Callable) -> Any:
        raise NotImplementedError


class RecallingClosure(Closure):
    """The closure of a problem, whose functions run as they were when the solver was called."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.dispatch)
        self.name = getattr(problem.functions[0], "__name__", "fun")
        self.problem = problem
        self.is_recalled = False

    def run(self, values: Sequence | None, thunk: Callable, *args: Any, **kwargs: Any) -> Any:
        if self.problem.runs and not self.is_recalled:
            self.problem.recall()
        return super().run(values, thunk, *args, **kwargs)

    @contextmanager
    def recalled(self) -> Iterator[None]:
        """For many runs without a look at what has changed in between."""
        if self.problem.runs and not self.is_recalled:
            self.problem.recall()
        before, self.is_recalled = self.is_recalled, True
        try:
            yield
        finally:
            self.is_recalled = before


def content(x: Any) -> tuple:
    x = np.asarray(x)
    return x.shape, x.dtype.str, x.tobytes()
