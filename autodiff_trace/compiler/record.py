"""The record trace: every primitive that meets an input is listed, with the value it had."""

from __future__ import annotations

from typing import Any

from ..core.errors import TracedValueError, caller_line
from ..core.tracer import Trace, box_classes, boxers

__all__ = ["RecordNode", "RecordTrace"]


class RecordNode:
    """One step: an input (``prim`` is None) or a call of a primitive, in whose arguments nodes stand for values."""

    __slots__ = ("prim", "args", "kwargs", "value", "name")

    def __init__(self, prim, args, kwargs, value, name):
        self.prim = prim
        self.args = args
        self.kwargs = kwargs
        self.value = value
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name} = {self.value!r}>"


class RecordTrace(Trace):
    """Runs a function on its values and remembers the steps."""

    def input(self, value: Any, name: str) -> Any:
        """Box an input."""
        return boxers[type(value)](value, self, RecordNode(None, (), {}, value, name))

    def process(self, prim, args, kwargs):
        values = [substitute(arg, self.value_of) for arg in args]
        keywords = {name: substitute(arg, self.value_of) for name, arg in kwargs.items()}
        ans = prim(*values, **keywords)
        node_args = [substitute(arg, self.node_of) for arg in args]
        node_kwargs = {name: substitute(arg, self.node_of) for name, arg in kwargs.items()}
        return self.box(ans, RecordNode(prim, node_args, node_kwargs, ans, prim.__name__))

    process_general = process

    def box(self, ans: Any, node: RecordNode) -> Any:
        if isinstance(ans, (tuple, list)):
            nodes = [RecordNode(take_output, [node, i], {}, item, "output") for i, item in enumerate(ans)]
            items = [self.box(item, each) for item, each in zip(ans, nodes)]
            return type(ans)(*items) if hasattr(ans, "_fields") else type(ans)(items)
        return boxers[type(ans)](ans, self, node)

    def value_of(self, arg: Any) -> Any:
        return arg._value if type(arg) in box_classes and arg._trace is self else arg

    def node_of(self, arg: Any) -> Any:
        if type(arg) in box_classes and arg._trace is self:
            return arg._value if arg._node is None else arg._node
        return arg

    def python_value(self, box, use):
        if box._node is None:
            return use(box._value)
        raise TracedValueError(
            f"a graph cannot hold Python's use of a value ({caller_line()}): {use.__name__}() of a traced value. Write "
            "anp.where for a choice between values."
        )


def take_output(outputs: Any, i: int) -> Any:
    """Output ``i`` of a primitive that has several."""
    return outputs[i]


def substitute(arg: Any, by: Any) -> Any:
    """``arg`` with ``by`` applied, also inside lists and tuples."""
    if type(arg) in (list, tuple):
        return type(arg)([substitute(item, by) for item in arg])
    return by(arg)
