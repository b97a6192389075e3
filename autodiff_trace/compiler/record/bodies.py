"""Bodies: the program of one turn of a loop, recorded once. What a turn reads of the values around it is an input."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...captured_state.random_states import RandomStates
from ...captured_state.captured import CapturedState
from ...core.array_ops import array_ops
from ...core.batching import BatchTrace
from ...core.tracer import Trace, box_classes, own_box, running_traces, trace_stack
from ...numpy.writable_box import written_boxes
from ...numpy import wrapped as anp
from ..ir.node import Node, Program, literal, value_of
from ..ir.spec import spec_of
from .cleanup import set_back
from .boxes import RecordBox, as_complex128, as_float64
from .record import RecordTrace
from .spent import take_off

__all__ = [
    "Body", "NotRolled", "constant", "example_of", "has_rows", "input_like", "normal", "record_body", "record_rule",
    "without_effects", "zero_like",
]


class NotRolled(Exception):
    """The turns of a loop are not one program, or had better not be."""


class Body(NamedTuple):
    """The program of a turn, and the values around it that it reads: the last inputs of the program."""

    program: Program
    around: list


class BodyTrace(RecordTrace):
    """Records a turn at example values. Values of other traces, and plain arrays, become inputs."""

    def __init__(self, root: RecordTrace, is_rule: bool) -> None:
        super().__init__()
        self.root, self.is_rule = root, is_rule
        self.errstate, self.error_state = root.errstate, root.error_state
        self.around: dict[tuple, tuple[Any, Node]] = {}

    def value_of(self, arg):
        arg = take_off(arg)
        return example_of(arg) if type(arg) in box_classes and arg._trace is not self else super().value_of(arg)

    def node_of(self, arg):
        arg = take_off(arg)
        if type(arg) in box_classes:
            return super().node_of(arg) if arg._trace is self else self.lift(own_box(arg), arg)
        if isinstance(arg, np.ndarray):
            if self.is_rule:  # nobody else has it
                return literal(arg)
            self.root.node_of(arg)  # which notes what it holds
            return self.lift(arg, arg)
        return super().node_of(arg)

    def lift(self, kept: Any, arg: Any) -> Node:
        key = (arg._trace.level, id(arg._value), id(arg._node)) if kept is not arg else (id(arg),)
        if key not in self.around:
            self.around[key] = kept, Node(None, (), {}, spec_of(example_of(arg)), "around", "input")
        return self.around[key][1]


def example_of(value: Any) -> Any:
    """The plain value under all boxes: of a batch its first."""
    if type(value) not in box_classes:
        return value
    inner = example_of(value._value)
    return inner[0] if isinstance(value._trace, BatchTrace) and value._node is not None else inner


def record_rule(fun: Callable[..., list], examples: Sequence) -> Program:
    """The program of ``fun``, which reads nothing but its inputs."""
    program, around = record_body(fun, examples, is_rule=True)
    if around:
        raise NotRolled
    return program


def record_body(fun: Callable[..., list], examples: Sequence, is_rule: bool = False) -> Body:
    """The program of ``fun``, of which the first inputs are like ``examples``.

    Raises NotRolled where another run may do something else.
    """
    stack = running_traces()
    trace = BodyTrace(stack[0], is_rule)
    boxes = [trace.input(example, "own") for example in examples]
    inputs = [box._node for box in boxes]
    token = trace_stack.set((*stack, trace))
    try:
        outputs = fun(*boxes)
        nodes = [each if type(each) is Node else literal(each) for each in map(trace.node_of, outputs)]
    finally:
        trace_stack.reset(token)
        trace.end()
    if trace.raised is not None or any(step.kind != "call" for step in trace.steps):
        raise NotRolled
    if any(box._node is not node for box, node in zip(boxes, inputs)):
        raise NotRolled
    around = list(trace.around.values())
    program = Program([*inputs, *(node for _, node in around)], trace.steps, nodes)
    return Body(program, [value for value, _ in around])


@contextlib.contextmanager
def without_effects(function: Callable) -> Iterator[None]:
    """Raises NotRolled if the turn that is recorded within changes something outside, or fails; then all is as it was
    before."""
    root = running_traces()[0]
    state = CapturedState(function)
    if state.crowded or state.unknown:
        raise NotRolled
    state.note_contents(state.arrays)
    steps, states = len(root.steps), RandomStates(state.generators)
    before = root.draws, root.numpy_state, root.raised
    level = Trace().level
    writes: list = []
    token = written_boxes.set(writes)
    try:
        yield
        outer = [each for each in writes if each[1].level < level]
        if outer or root.draws and not before[0] or any(step.kind == "effect" for step in root.steps[steps:]):
            raise NotRolled
        if states.drawn_from(states.numpy) or not state.hold():
            raise NotRolled
    except Exception as error:
        for box, trace, value, node in reversed(writes):
            if trace.level < level:
                box._trace, box._value, box._node = trace, value, node
        root.steps[steps:] = [step for step in root.steps[steps:] if step.kind != "effect"]
        root.draws, root.numpy_state, root.raised = before
        states.restore()
        set_back(state)
        raise (error if isinstance(error, NotRolled) else NotRolled) from error
    finally:
        written_boxes.reset(token)


def normal(x: Any) -> Any:
    """A value that is carried, in the form that it has in all turns: numbers are NumPy's, arrays lie in C order."""
    example = example_of(x)
    if type(example) in (float, complex):
        return (as_float64 if type(example) is float else as_complex128)(x)
    if type(example) is not np.ndarray or example.flags.c_contiguous and example.ndim:
        return x
    return anp.ascontiguousarray(x) if example.ndim else x[()]


def has_rows(node: Node) -> bool:
    """Whether the values of all turns can be the rows of an array."""
    spec = node.spec
    return spec.is_array or spec.dtype is not None


def constant(node: Any) -> Any:
    """A constant of a body, for the program that is being recorded."""
    value = value_of(node)
    if type(value) is not np.ndarray:
        return value
    return RecordBox(value, next(each for each in reversed(running_traces()) if isinstance(each, RecordTrace)), node)


def input_like(node: Node) -> Node:
    """An input of a body of the same kind as a value of another."""
    return Node(None, (), {}, node.spec, node.name, "input")


def zero_like(x: Any) -> Any:
    return normal(array_ops.zeros_like(x))
