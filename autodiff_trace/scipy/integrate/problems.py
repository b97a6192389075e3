"""A call of a solver: its traced arguments, what its functions close over, and what SciPy makes of plain values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.pytree import tree_unflatten
from ...core.tracer import is_box, to_value
from ...transforms.closures import Closure, running
from .fields import plain_function
from .whole_steps import replaced

__all__ = ["Problem"]

MOST_RUNS = 8
"""How many of SciPy's solutions one call keeps, for steps that are computed in parts."""


class Problem:
    """The functions of a call in one closure, which takes the number of the function first, and the flat arguments.

    A subclass says what SciPy computes: ``run_scipy(arguments, plain_form)``, where ``plain_form`` gives of each
    function the one that SciPy calls.
    """

    def __init__(self, functions: Sequence[Callable], leaves: list, structure: Any) -> None:
        self.functions = functions
        self.leaves, self.structure = leaves, structure
        self.traced = [i for i, leaf in enumerate(leaves) if is_box(leaf)]
        self.closure = Closure(self.dispatch)
        self.closure.name = getattr(functions[0], "__name__", "fun")
        self.runs: dict[tuple, Any] = {}

    def dispatch(self, which, *args):
        return self.functions[which](*args)

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
        key = tuple([(np.shape(x), np.asarray(x).dtype.str, np.asarray(x).tobytes()) for x in plain])
        if key not in self.runs:
            hidden = self.hidden_of(plain)
            plain_form = functools.partial(plain_function, closure=self.closure, hidden=hidden)

            def thunk():
                with running(()):  # SciPy's many calls are recorded by nobody
                    return [self.run_scipy(self.arguments(plain), plain_form)]

            found = self.closure.run(hidden, thunk)[0]
            if len(self.runs) == MOST_RUNS:
                del self.runs[next(iter(self.runs))]
            self.runs[key] = found
        return self.runs[key]

    def run_scipy(self, arguments: Any, plain_form: Callable) -> Any:
        raise NotImplementedError
