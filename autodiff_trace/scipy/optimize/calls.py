"""One call of a solver: SciPy runs on plain values as one step, and its result is put together from what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...core.errors import MissingRuleError, TracedValueError
from ...transforms.closures import Closure
from ...transforms.implicit_problems import Implicit
from ...transforms.implicit_rules import solution, solved
from ...transforms.stopping import to_numpy
from ...transforms.products import jvp, vjp
from .evaluation import derived
from .large_systems import MOST_DENSE, NotSolved, solve_by_products, solve_traced
from .progress_lines import progress
from .results import Template, TracedResult

__all__ = ["SolverCall", "apply_first", "as_tuple", "with_remedy"]


class SolverCall(Implicit):
    """A call of the solver ``name``, with the user's ``functions``, and whatever of its arguments may be traced in
    ``tree``.

    A subclass says how SciPy is called (``run``) and what the user gets. What it calls its functions for goes through
    ``call``, which follows the traced values that they close over.
    """

    jit: bool | None = None
    line: progress | None = None
    """Which shows the progress."""

    def __init__(self, name: str, tree: Any, functions: Sequence[Callable]) -> None:
        self.functions = functions
        closure = Closure(self.call_one)
        closure.name = getattr(functions[0], "__name__", type(functions[0]).__name__) if functions else name
        super().__init__(name, tree, closure)

    def call_one(self, which: int, *args: Any) -> Any:
        """A function of the user, on what equations and SciPy call it with."""
        return self.functions[which](*args)

    further: tuple = ()
    """The names of attributes that may be functions of the user's, too: they run in replays alone."""

    def users_functions(self):
        return [*self.functions, *[each for each in map(self.__dict__.get, self.further) if callable(each)]]

    def set_users_functions(self, functions):
        count = len(self.functions)
        self.functions = functions[:count]
        names = [name for name in self.further if callable(self.__dict__.get(name))]
        vars(self).update(zip(names, functions[count:]))

    def call(self, hidden: Sequence, which: int, *args: Any) -> Any:
        """The same where the hidden values are these."""
        return self.closure.call(hidden, which, *args)

    def derived(self, which: int, derive: Callable, key: Any, hidden: Sequence) -> Callable:
        """``derive`` of a function, for SciPy to call: compiled when that pays."""
        return derived(self.functions[which], derive, key, self.closure, list(hidden), self.jit)

    def outward(self, fun: Callable) -> Callable:
        """A function of the user's, for SciPy to call: what it closes over is boxed while the solver runs."""
        return (lambda *args: to_numpy(fun(*args))) if self.closure.traces else fun

    # Of many unknowns the matrix is not formed

    def linearized(self, leaves, state, z, is_strict):
        if z.size <= MOST_DENSE:
            return super().linearized(leaves, state, z, is_strict)

        def product(t):
            return jvp(lambda z: self.residual(leaves, state, z), (z,), (t,))[1]

        def solve(residual):
            try:
                return solve_by_products(product, residual)
            except NotSolved:
                raise self.refusal(
                    "its matrix of second derivatives (the Jacobian of the equations) is singular there, or so "
                    "ill-conditioned that GMRES does not converge"
                ) from None

        return solve

    def solve_transposed(self, leaves, state, z, g):
        if z.shape[0] <= MOST_DENSE:
            return super().solve_transposed(leaves, state, z, g)
        return solve_traced(lambda v: vjp(lambda z: self.residual(leaves, state, z), z)[1](v)[0], g)

    # What subclasses say

    def examples(self, tree: Any) -> Iterable[tuple]:
        """A call of each function, (which, *args), for the traced values that they read from around them."""
        raise NotImplementedError

    def run(self, tree: Any, hidden: Sequence = ()) -> Any:
        """SciPy's own result, of plain values."""
        raise NotImplementedError

    def unpack(self, found: Any) -> tuple[Any, bool, dict]:
        """Of SciPy's result the solution, whether it is one, and all fields."""
        return found["x"], bool(found.get("success", True)), dict(found)

    def plain(self, found: Any) -> Any:
        """What the user gets of SciPy's result."""
        return found

    def traced(self, leaves: list, x: Any, is_solved: Any, fields: dict) -> Any:
        """What the user gets of a traced solution, the vector ``x``."""
        raise NotImplementedError

    # The call

    def result(self) -> Any:
        if not self.closure.traces:
            return self.plain(self.run_to_end(self.restore(self.leaves)[0]))
        for example in self.examples(self.restore(self.leaves)[0]):
            self.closure.discover(*example)
        if not self.is_traced:
            return self.plain(self.closure.run([], self.run_to_end, self.restore(self.leaves)[0]))
        leaves, (x, is_solved, *values) = solved(self)
        fields = self.template.decoded(values)
        return self.traced(leaves, x, is_solved, fields)

    def run_to_end(self, tree: Any, hidden: Sequence = ()) -> Any:
        """:meth:`run`, with the end of its line of progress."""
        try:
            return self.run(tree, hidden)
        finally:
            if self.line is not None:
                self.line.close()

    def solve(self, leaves):
        tree, hidden = self.restore(leaves)
        x, is_solved, fields = self.unpack(self.run_to_end(tree, hidden))
        self.template = Template(fields)
        return [np.atleast_1d(np.asarray(x)), np.bool_(is_solved), *self.template.encoded()]

    def solution(self, leaves: list, x: Any, is_solved: Any) -> Any:
        """The vector x with its derivative."""
        return solution(self, leaves, x, is_solved)

    def make_result(self, leaves: list, fields: dict, known: dict, later: dict | None = None) -> TracedResult:
        """SciPy's result object with traced fields, those in ``later`` computed when they are asked for."""
        result = TracedResult.make(self.name, self.template.names, fields, leaves, known)
        result.__dict__["later"] |= later or {}
        for name in later or {}:
            result.pop(name, None)
        return result


def as_tuple(args: Any) -> tuple:
    return args if isinstance(args, tuple) else (args,)


def with_remedy(fun: Callable, remedy: str) -> Callable:
    """``fun``, a derivative, whose errors say what to do where the user's function cannot be traced."""
    def call(*args):
        try:
            return fun(*args)
        except (TracedValueError, MissingRuleError) as error:
            raise type(error)(f"{error} ({remedy})") from error

    return call


def apply_first(fun, options, args, kwargs):
    """Of a function that returns a value and its slope the value (for ``Transformed``)."""
    return fun(*args, **kwargs)[0]
