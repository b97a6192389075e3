"""Batching: a trace whose values carry one more axis, which the function that is mapped does not see.

The mapped axis of a value is always its first. A *batching rule* of a primitive computes it for all elements of the
batch at once. Without one the operands of elementwise functions are broadcast behind it; any other primitive is called
for each element, and the answers are stacked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .array_ops import array_ops
from .asking import why_not
from .errors import TracedValueError, caller_line
from .tracer import Trace, box_classes, boxers, find_top_trace, watched_types

__all__ = ["Batch", "BatchTrace", "defbatch", "take", "trace_batch"]


class Batch(NamedTuple):
    """What a batching rule is told: the ``size`` of the mapped axis, and for each argument whether it is ``mapped``.

    For an argument that is a sequence, ``mapped`` holds a list, or False if nothing in it is mapped; for keyword
    arguments ``mapped_keywords`` says the same by name.
    """

    size: int
    mapped: list
    mapped_keywords: dict[str, Any]


ADVICE = {
    "bool": "For a choice of two values write anp.where(condition, x, y); to branch on each element cond(pred, f, g, x)"
    " or while_loop, or call the function in a Python loop",
    "float": "Instead of math.f(x) write anp.f(x), of autodiff_trace.numpy; x.astype(dtype) casts all elements",
    "index": "A count or an index is the same for all elements where in_axes is None for it; for a batch of indices "
    "write anp.take(y, i, axis=0)",
    "format": "Print the batch itself, print(x), or format the elements of what vmap(f) gives",
}
"""What to do instead where Python asks a mapped value for a plain one, by what asks."""


class Metadata:
    """Shape and dtype of one element of the batch. No tuple: NumPy would read it as a structured dtype."""

    __slots__ = ("shape", "dtype")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        size = 1
        for length in self.shape:
            size *= length
        return size


class BatchTrace(Trace):
    """Computes primitives for a whole batch. The node of a mapped box is True, that of a constant None."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def process(self, prim, args, kwargs):
        values, mapped = [], []
        for arg in args:
            value, is_mapped = self.unbox(arg)
            values.append(value)
            mapped.append(is_mapped)
        keywords, mapped_keywords = {}, {}
        for name, arg in kwargs.items():
            keywords[name], mapped_keywords[name] = self.unbox(arg)
        if not any(mapped) and not any(mapped_keywords.values()):
            return self.box(prim(*values, **keywords), None)
        batch = Batch(self.size, mapped, mapped_keywords)
        ans = NotImplemented
        traits = prim.traits
        if traits.batching is not None:
            ans = traits.batching(batch, prim, values, keywords)
        elif traits.elementwise and not keywords and not traits.is_users:  # of users' some take no arrays
            ans = prim(*(array_ops.align(values, mapped) if len(values) > 1 else values))
        if ans is NotImplemented:
            ans, shown = self.call_for_each(batch, prim, values, keywords)
            if shown is not None:
                box = self.box(ans, True)
                array_ops.note_shared(prim.__name__, box, (args[shown],), True)
                return box
        return self.box(ans, True)

    process_general = process

    def call_for_each(self, batch: Batch, prim: Callable, args: list, kwargs: dict) -> tuple[Any, int | None]:
        """What :func:`loop_and_stack` gives."""
        return loop_and_stack(batch, prim, args, kwargs)

    def unbox(self, arg: Any) -> tuple[Any, Any]:
        """``arg`` without the boxes of this trace, and whether it is mapped; for a sequence a list of that."""
        kind = type(arg)
        if kind in box_classes:
            return (arg._value, arg._node is not None) if arg._trace is self else (arg, False)
        if kind not in watched_types or find_top_trace((arg,)) is None:
            return arg, False
        values, mapped = zip(*map(self.unbox, arg))
        return (list(values) if kind is list else values), list(mapped) if any(mapped) else False

    def box(self, ans: Any, node: Any) -> Any:
        if isinstance(ans, (tuple, list)):
            items = [self.box(item, node) for item in ans]
            return type(ans)(*items) if hasattr(ans, "_fields") else type(ans)(items)
        return boxers[type(ans)](ans, self, node) if type(ans) in boxers else ans

    def metadata(self, box):
        value = box._value
        return value if box._node is None else Metadata(value.shape[1:], value.dtype)

    def python_value(self, box, use):
        if box._node is None:
            return use(box._value)
        line = caller_line()
        raise TracedValueError(why_not(line) or (
            f"{use.__name__}() of a mapped value: it is a whole batch of values ({line}). "
            f"{ADVICE.get(use.__name__, ADVICE['float'])}."
        ))


def loop_and_stack(batch: Batch, prim: Callable, args: list, kwargs: dict) -> tuple[Any, int | None]:
    """Call ``prim`` for each element of the batch and stack the answers.

    Also the argument of which a user's function shows the memory, by its position.
    """
    answers = []
    shown = None
    for i in range(batch.size):
        element = [take(arg, mapped, i) for arg, mapped in zip(args, batch.mapped)]
        keywords = {name: take(arg, batch.mapped_keywords[name], i) for name, arg in kwargs.items()}
        answers.append(prim(*element, **keywords))
        if shown is None and prim.traits.is_users and not prim.traits.makes_view:
            shown = array_ops.find_shared(answers[-1], element)
    return stack_answers(answers), shown


def take(arg: Any, mapped: Any, i: int) -> Any:
    """Element ``i`` of a mapped argument."""
    if type(mapped) is list:
        items = [take(item, each, i) for item, each in zip(arg, mapped)]
        return items if type(arg) is list else tuple(items)
    return arg[i] if mapped else arg


def stack_answers(answers: list) -> Any:
    first = answers[0]
    if isinstance(first, (tuple, list)):
        items = [stack_answers(list(column)) for column in zip(*answers)]
        return type(first)(*items) if hasattr(first, "_fields") else type(first)(items)
    if len({getattr(answer, "shape", ()) for answer in answers}) > 1:
        raise TracedValueError(
            f"the elements of a batch have answers of different shapes ({caller_line()}): a mask or a repeat count "
            "that depends on a mapped value. Call the function in a Python loop instead of vmap."
        )
    return array_ops.stack(answers)


def defbatch(rule: Callable, *prims: Callable) -> None:
    """Give primitives a batching rule: ``rule(batch, prim, args, kwargs)``.

    Mapped arguments have the mapped axis first; so must the answer. NotImplemented asks for loop-and-stack.
    """
    for prim in prims:
        prim.traits.batching = rule


def trace_batch(fun: Callable, inputs: list, mapped: list[bool], size: int) -> tuple[list, list[bool]]:
    """Run ``fun`` on boxes of the mapped ``inputs`` (their mapped axis first); its outputs, and which are mapped."""
    trace = BatchTrace(size)
    boxes = [boxers[type(x)](x, trace, True) if each else x for x, each in zip(inputs, mapped, strict=True)]
    values, nodes = trace.run(fun, boxes)
    return values, [node is not None for node in nodes]
