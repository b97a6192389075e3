"""Boxes and traces: what watches a value, and what is done with it. Knows no primitive and no derivative.

A *primitive* is a function at which tracing stops. Called with a *box* (a value that a trace watches), it hands the
call to the highest trace among its arguments. That trace takes its own boxes off, calls the primitive again, so that
the traces below see it too, records what it needs and boxes the answer:

    sin(Box(Box(1.0, outer), inner))
      inner.process: sin(Box(1.0, outer))        the inner box is off
        outer.process: np.sin(1.0)               no box is left: NumPy computes
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from .asking import raise_ours
from .errors import EndedTraceError, TracedValueError, caller_line

__all__ = [
    "NO_KEYWORDS", "Box", "Trace", "box_classes", "boxers", "find_top_trace", "fixed_types",
    "innermost_trace", "is_box", "metadata", "own_box", "passed_types", "register_box", "running_traces", "snapshot",
    "spent_constant", "to_value", "trace_stack", "watched_types",
]

new_level = itertools.count(1).__next__
"""Levels are never reused: an inner trace is higher than the traces around it, in whatever thread it runs."""

trace_stack: ContextVar[tuple[Trace, ...]] = ContextVar("trace_stack", default=())
"""The traces that run in this context, innermost last. Each thread and each asyncio task has its own. One that was
copied inside a traced function outlives its traces: ask :func:`running_traces`, or :func:`innermost_trace`."""

box_classes: set[type] = set()
"""The classes of box."""

watched_types: set[type] = {list, tuple}
"""The types of argument a primitive has to look at: boxes, and the sequences that may hold some."""

fixed_types: set[type] = {bool, bytes, complex, float, int, slice, str, type, type(None), type(...)}
"""Types of argument that hold no box, and that nobody can change; the array layer adds those of its numbers."""

passed_types: set[type] = set(fixed_types)
"""The types of argument that a primitive hands on as they are: those that have a box, and what is no array at all.
Arguments of types that are neither here nor watched are looked at (``other_operands``)."""

boxers: dict[type, Callable[[Any, Trace, Any], Box]] = {}
"""For each type of value what makes a box of it. Box classes are in it themselves: boxes nest."""

NO_KEYWORDS: dict[str, Any] = {}


class Box:
    """A value that a trace watches.

    ``_value`` is a plain value or the box of a lower trace. ``_node`` is what the trace knows of it: its node in the
    graph, its tangent, its batch axis; None for a value that does not depend on the trace's inputs.
    """

    __slots__ = ("_value", "_trace", "_node", "__weakref__")

    def __init__(self, value: Any, trace: Trace, node: Any) -> None:
        self._value = value
        self._trace = trace
        self._node = node

    def __hash__(self) -> int:
        return self._trace.hash(self)

    @classmethod
    def register(cls, value_type: type) -> None:
        """Let values of this type be boxed in boxes of this class."""
        register_box(cls, value_type)


def register_box(box_class: type[Box], *value_types: type, convert: Callable[[Any], Any] | None = None) -> None:
    """Let values of these types be boxed in ``box_class``, after ``convert(value)`` if that is given."""
    box_classes.add(box_class)
    watched_types.add(box_class)
    passed_types.update(value_types)
    boxers[box_class] = box_class
    for value_type in value_types:
        boxers[value_type] = (
            box_class if convert is None else lambda value, trace, node: box_class(convert(value), trace, node)
        )


def is_box(value: Any) -> bool:
    """Whether ``value`` is a box, of whatever trace.

    >>> is_box(1.0)
    False
    """
    return type(value) in box_classes


def to_value(value: Any) -> Any:
    """The plain value under all boxes."""
    while type(value) in box_classes:
        value = value._value
    return value


def metadata(value: Any) -> Any:
    """What stands for ``value`` where only its shape and dtype are read."""
    while type(value) in box_classes:
        value = value._trace.metadata(value)
    return value


def find_top_trace(args: Iterable, top: Trace | None = None) -> Trace | None:
    """The highest trace, at least ``top``, that has a box among ``args`` or in the lists and tuples among them."""
    for arg in args:
        kind = type(arg)
        if kind in watched_types:
            if kind in box_classes:
                if top is None or arg._trace.level > top.level:
                    top = arg._trace
            else:
                top = find_top_trace(arg, top)
    return top


def running_traces() -> tuple[Trace, ...]:
    """The traces that run in this context, innermost last."""
    stack = trace_stack.get()
    return tuple([trace for trace in stack if not trace.has_ended]) if stack and stack[-1].has_ended else stack


def innermost_trace() -> Trace | None:
    """The innermost trace that runs in this context."""
    stack = trace_stack.get()
    if stack and stack[-1].has_ended:
        stack = running_traces()
    return stack[-1] if stack else None


def spent_constant(value: Any) -> Any:
    """``value`` without boxes of traces that have ended, where it does not depend on their inputs, or they leave
    constants; also inside lists and tuples."""
    kind = type(value)
    while kind in box_classes and value._trace.has_ended and (value._node is None or value._trace.leaves_constants):
        if getattr(value._trace, "is_ground", False) and getattr(value, "_made", bool)() is not value._value:
            break  # (trace_substitution) it may depend on what others stood in for, unless it is a buffer as made
        value = value._value
        kind = type(value)
    return kind(map(spent_constant, value)) if kind is list or kind is tuple else value


def own_box(box: Box) -> Box:
    """A box of one's own of the same value: who writes into one does not reach the other."""
    return type(box)(box._value, box._trace, box._node)


def snapshot(box: Box) -> Any:
    """The same without traces that have ended."""
    if box._trace.has_ended and (constant := spent_constant(box)) is not box:
        return snapshot(constant) if type(constant) in box_classes else constant
    return own_box(box)


class Trace:
    """One running transformation. A subclass says what becomes of a primitive that meets its boxes."""

    has_ended = False

    holds_values = False
    """Whether a box holds the value that the user sees in it, and its derivative beside."""

    leaves_constants = False
    """Whether boxes that outlive the trace go on as their values, as in autograd; else their use is refused."""

    def __init__(self) -> None:
        self.level = new_level()

    def process(self, prim: Callable, args: tuple, kwargs: dict) -> Any:
        """The answer of ``prim(*args, **kwargs)``, where this trace is the highest that has a box among ``args``;
        ``kwargs`` and sequences among the arguments hold none."""
        return self.process_general(prim, args, kwargs)

    def process_one(self, prim: Callable, box: Box, argnum: int, values: tuple, is_beside: bool = False) -> Any:
        """The same for a call with one box: ``values`` are its arguments, with ``box._value`` at ``argnum``.
        ``is_beside``: the other of two is an array, into which others may write afterwards."""
        return self.process(prim, (*values[:argnum], box, *values[argnum + 1 :]), NO_KEYWORDS)

    def process_general(self, prim: Callable, args: tuple, kwargs: dict) -> Any:
        """The same where keyword arguments, and sequences among the arguments, may hold boxes."""
        raise NotImplementedError

    def process_nondifferentiable(self, prim: Callable, args: tuple, kwargs: dict) -> Any:
        """The same for a primitive that is piecewise constant."""
        return self.process_general(prim, args, kwargs)

    def metadata(self, box: Box) -> Any:
        """An object with the shape, dtype, ndim and size that the user sees in ``box``."""
        return box._value

    def python_value(self, box: Box, use: Callable) -> Any:
        """``use(box)`` where Python itself asks for a plain value: bool, int, float, complex, operator.index …"""
        raise NotImplementedError

    def hash(self, box: Box) -> int:
        """``hash(box)``."""
        return object.__hash__(box)

    def text(self, box: Box) -> str:
        """``str(box)``, for a person to read."""
        return f"ArrayBox({box._value!s})"

    def plain(self, box: Box) -> Any:
        """What is under ``box``, for :func:`to_numpy`."""
        return box._value

    def run(self, fun: Callable[..., list], boxes: Iterable[Box]) -> tuple[list, list]:
        """Run ``fun`` on ``boxes`` of this trace: its outputs unboxed, and their nodes (None for what has none)."""
        values = []
        nodes = []
        stack = trace_stack.get()
        try:
            trace_stack.set((*stack, self))
            for output in fun(*boxes):
                mine = type(output) in box_classes and output._trace is self
                value = output._value if mine else output
                if mine and type(value) in box_classes and value._trace is self:
                    raise TracedValueError("an array of objects that holds traced values was an operand beside a "
                                           "traced array. Make it a traced array first: anp.array(x.tolist()).")
                values.append(value)
                nodes.append(output._node if mine else None)
        except (TypeError, ValueError) as error:
            if not self.leaves_constants:
                raise_ours(error)
            raise
        finally:
            trace_stack.set(stack)  # first of all: no signal (Ctrl-C) is handled before this call of C has returned
            self.end()
        return values, nodes

    def end(self) -> None:
        """From now on the boxes of this trace are spent; it has left the stack."""
        # A spent trace changes its class, so that the hot path need not ask whether its trace still runs.
        self.holds_values = self.holds_values  # what spent boxes hold is still known
        self.__class__ = EndedTrace


class EndedTrace(Trace):
    """What a trace becomes when its transformation has returned.

    What did not depend on its inputs, a table that ``functools.cache`` keeps, say, goes on as the plain value.
    """

    has_ended = True

    def process(self, prim, args, kwargs):
        constants = [spent_constant(arg) for arg in args]
        keywords = {name: spent_constant(arg) for name, arg in kwargs.items()}
        if find_top_trace(keywords.values(), find_top_trace(constants)) is not self:
            ans = prim(*constants, **keywords)
            return self.constant(ans) if self.leaves_constants else ans
        raise EndedTraceError(
            f"{prim.__name__} got a traced value whose trace has ended ({caller_line()}). A value that was computed "
            "inside a transformed function cannot be used after that function has returned: return it (has_aux=True "
            "returns extra values), or store the plain number, to_numpy(x)."
        )

    process_general = process

    def constant(self, ans):
        """What an outer trace follows stays in a box of this one, which one may take off."""
        if isinstance(ans, (list, tuple)):
            return type(ans)(map(self.constant, ans))
        return boxers[type(ans)](ans, self, None) if type(ans) in box_classes else ans

    def python_value(self, box, use):
        return use(box._value) if spent_constant(box) is not box else self.process(use, (box,), {})
