"""Vector fields: the user's f(t, y, *args), as a function of times, states and parameters that any trace may watch.

A field is evaluated at many points at once, by batching; where Python branches on t or y the batch is split into the
points that take one way and those that take the other.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.batching import BatchTrace
from ...core.forward import trace_jvp
from ...core.pytree import tree_flatten, tree_unflatten
from ...core.tracer import box_classes, boxers, is_box, to_value
from ...numpy import wrapped as anp
from ...transforms.closures import Closure

__all__ = ["Field", "at_points", "jacobians", "plain_function"]


class Field:
    """A function of the user in ``closure``, at points and for values of its parameters.

    ``field(T, Y, parameters)`` has times of shape (m,) and states of shape (m, n); the parameters are the traced leaves
    of ``args`` and what the functions close over, in a flat list. ``which`` is the first argument of the closure;
    ``is_complex``: a state of complex numbers is one of twice as many real ones.
    """

    def __init__(
        self, closure: Closure, which: Any, args: Any, is_complex: bool = False, is_scalar: bool = False
    ) -> None:
        self.closure = closure
        self.which = which
        self.args = args
        self.leaves, self.structure = tree_flatten(args)
        self.traced = [i for i, leaf in enumerate(self.leaves) if is_box(leaf)]
        self.own = [self.leaves[i] for i in self.traced]
        self.is_complex = is_complex
        self.is_scalar = is_scalar

    def arguments(self, parameters: Sequence) -> Any:
        """``args`` with these values of the traced leaves."""
        leaves = list(self.leaves)
        for i, value in zip(self.traced, parameters):
            leaves[i] = value
        return tree_unflatten(self.structure, leaves)

    def one(self, t: Any, y: Any, args: Sequence) -> Any:
        """The function itself at one point, real."""
        n = y.shape[0] // 2
        ans = self.closure.fun(self.which, t, y[:n] + 1j * y[n:] if self.is_complex else y, *args)
        ans = anp.array(ans) if isinstance(ans, (list, tuple)) else ans
        if self.is_scalar:
            return anp.reshape(ans, ()) if np.ndim(ans) else ans
        if self.is_complex:
            return anp.concatenate([anp.real(ans), anp.imag(ans)])
        return anp.broadcast_to(ans, y.shape) if np.size(ans) == 1 else anp.reshape(ans, y.shape)

    def run(self, parameters: Sequence, thunk: Callable, *args: Any) -> Any:
        """``thunk(*args, arguments)`` where what the functions close over has the values among ``parameters``."""
        count = len(self.traced)
        return self.closure.run(parameters[count:], thunk, *args, self.arguments(parameters[:count]))

    def __call__(self, T: Any, Y: Any, parameters: Sequence) -> Any:
        return self.run(parameters, lambda T, Y, args: at_points(lambda t, y: self.one(t, y, args), T, Y), T, Y)


def at_points(one: Callable, *inputs: Any) -> Any:
    """``one(*point)`` for the points along the first axes of ``inputs``, by batching."""
    count = len(inputs[0])
    try:
        (ans,), (node,) = SplittingTrace.run_on(lambda *point: [one(*point)], *inputs)
    except Split as split:
        if len(split.groups) > MOST_GROUPS:
            return at_each(one, *inputs)
        parts = [at_points(one, *[x[group] for x in inputs]) for group in split.groups]
        return anp.concatenate(parts)[np.argsort(np.concatenate(split.groups))]
    except (TypeError, ValueError, IndexError):
        ans = NOT_BATCHED
    if ans is NOT_BATCHED:  # something in it takes no batch: its own errors come at each point
        return at_each(one, *inputs)
    return anp.broadcast_to(ans, (count, *np.shape(ans))) if node is None else ans


def at_each(one, *inputs):
    return anp.stack([one(*[x[i] for x in inputs]) for i in range(len(inputs[0]))])


NOT_BATCHED = object()

MOST_GROUPS = 32
"""Of points that take the same branch; with more each point is computed by itself."""


class Split(Exception):
    """The points of a batch go different ways: ``groups`` has those of each way, by their numbers."""

    def __init__(self, outcomes: Sequence) -> None:
        groups: dict[Any, list[int]] = {}
        for i, outcome in enumerate(outcomes):
            groups.setdefault(outcome, []).append(i)
        self.groups = [np.array(group) for group in groups.values()]


class SplittingTrace(BatchTrace):
    """A batch in which Python may ask for values, as for a branch, where the answer is the same for all elements."""

    @classmethod
    def run_on(cls, fun: Callable, *inputs: Any) -> tuple[list, list]:
        trace = cls(len(inputs[0]))
        return trace.run(fun, [boxers[type(x)](x, trace, True) for x in inputs])

    def python_value(self, box, use):
        if box._node is None:
            return use(box._value)
        outcomes = [use(box._value[i]) for i in range(self.size)]
        if any(outcome != outcomes[0] for outcome in outcomes):
            raise Split(outcomes)
        return outcomes[0]


MOST_NUMBERS = 1 << 22
"""Of the states of points that are pushed at once."""

MOST_BYTES = 1 << 32
"""Of Jacobians."""


def jacobians(field: Callable, T: Any, Y: Any, parameters: Sequence) -> Any:
    """∂f/∂y at all points, of shape (m, n, n): a push for many columns, as points of their own."""
    m, n = Y.shape
    if 8 * m * n * n > MOST_BYTES:
        raise MemoryError(
            f"solve_ivp: the Jacobians of {n} equations at {m} points would take {8e-9 * m * n * n:.0f} GB. The "
            "derivative of an explicit method, RK45 or DOP853, takes no Jacobians."
        )
    size = max(1, min(n, MOST_NUMBERS // (m * n)))
    blocks = [push_columns(field, T, Y, parameters, np.eye(n)[i : i + size]) for i in range(0, n, size)]
    return anp.moveaxis(anp.concatenate(blocks), 0, 2)


def push_columns(field, T, Y, parameters, columns):
    m, n = Y.shape
    count = len(columns)
    _, (pushed,) = trace_jvp(
        lambda y: [field(np.tile(T, count), y, parameters)], [anp.concatenate([Y] * count)],
        [np.repeat(columns, m, axis=0)],
    )
    return np.zeros((count, m, n)) if pushed is None else anp.reshape(pushed, (count, m, n))


def plain_function(function: Callable, closure: Closure, hidden: Sequence) -> Callable:
    """``function`` for SciPy to call, within a run of ``closure``: its variables hold the values of ``hidden`` where
    they held traced ones, so that the many calls cost what they cost without a trace; other ways in which it gets at
    these work as well."""

    def value_of(box):
        place = closure.places.get((box._trace, id(box._value), id(box._node)))
        return box if place is None else hidden[place]

    copy = copied(function, value_of, {})

    @functools.wraps(function, updated=("__dict__",))
    def call(*args):
        ans = copy(*args)
        kind = type(ans)
        if kind is np.ndarray:
            return ans
        if kind is list or kind is tuple:
            for x in ans:
                if type(x) in box_classes:
                    return list(map(to_value, ans))
            return ans
        return to_value(ans)

    return call


def copied(function: Callable, value_of: Callable, found: dict[int, Callable]) -> Callable:
    """``function`` with other values of the boxes in its variables, and in those of the functions among these."""
    if type(function) is not types.FunctionType or not function.__closure__:
        return function
    if id(function) not in found:
        found[id(function)] = function
        cells = [copied_cell(cell, value_of, found) for cell in function.__closure__]
        if any(new is not old for new, old in zip(cells, function.__closure__)):
            new = types.FunctionType(
                function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells))
            new.__kwdefaults__ = function.__kwdefaults__
            new.__dict__.update(function.__dict__)
            found[id(function)] = new
    return found[id(function)]


def copied_cell(cell: types.CellType, value_of: Callable, found: dict) -> types.CellType:
    try:
        value = cell.cell_contents
    except ValueError:  # not assigned yet
        return cell
    if type(value) is types.FunctionType:
        new = copied(value, value_of, found)
    elif is_box(value):
        new = value_of(value)
    elif type(value) in (list, tuple, dict):
        leaves, structure = tree_flatten(value)
        changed = [value_of(leaf) if is_box(leaf) else leaf for leaf in leaves]
        is_same = all(new is old for new, old in zip(changed, leaves))
        new = value if is_same else tree_unflatten(structure, changed)
    else:
        return cell
    return cell if new is value else types.CellType(new)
