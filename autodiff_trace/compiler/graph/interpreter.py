"""Evaluation: a recorded program step by step, with its primitives, so that other traces can follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.recording import draw
from ...core.tracer import find_top_trace
from ...transforms.stopping import to_numpy
from ..record.guards import outcome, signature
from .listing import guard_text, seen_text
from ..ir.evaluation import with_errstate
from ..ir.node import Node, Program, substitute
from ..record.record import plain_value

__all__ = ["call", "evaluate", "guard_error"]


def evaluate(program: Program, leaves: Sequence, name: str) -> list:
    """The outputs for these inputs. ``name`` is the function's, for the error that a guard raises."""
    values = dict(zip(program.inputs, leaves, strict=True))

    def value_of(arg):
        if type(arg) is Node:
            return arg.value if arg.kind == "constant" else values[arg]
        return arg

    for step in program.steps:
        values[step] = run_step(step, value_of)
        if step.kind == "guard" and not holds(step, values[step]):
            raise guard_error(step, values[step], name)
    return [value_of(output) for output in program.outputs]


def run_step(step: Node, value_of: Callable) -> Any:
    """The value of a step, of whose operands ``value_of`` gives the values."""
    args = [substitute(arg, value_of) for arg in step.args]
    kwargs = {name: substitute(arg, value_of) for name, arg in step.kwargs.items()}
    if step.kind == "guard":
        return see(step.function, *args)
    if step.kind == "effect":
        return draw(step.function, args, kwargs)
    return with_errstate(call, step.errstate)(step.function, args, kwargs)


def call(function: Callable, args: Sequence, kwargs: dict) -> Any:
    """``function(*args, **kwargs)``; of a primitive on plain values what its trace has computed: of Python's numbers
    the operator makes Python's numbers."""
    if kwargs or not hasattr(function, "traits") or any(type(arg) in (list, tuple) for arg in args):
        return function(*args, **kwargs)
    return function(*args) if find_top_trace(args) is not None else function.traits.fast_fun(*args)


def see(use: Callable, x: Any) -> Any:
    """What Python sees of ``x``, which may be traced."""
    return use(to_numpy(x)) if use is plain_value or use is signature else use(x)


def holds(step: Node, seen: Any) -> bool:
    """Whether Python sees what it saw. A NumPy number in the place of Python's is as good: derivatives are taken so."""
    if step.function is signature:
        return shape_and_dtype(seen) == shape_and_dtype(step.value)
    return outcome(seen) == outcome(step.value)


def shape_and_dtype(seen: Any) -> tuple:
    return seen[1:] if type(seen) is tuple else ((), np.dtype(seen).str)


def guard_error(step: Node, seen: Any, name: str) -> ValueError:
    """The error for arguments for which Python would have seen something else."""
    was, now = guard_text(step), seen_text(step.function, seen)
    return ValueError(
        f"this graph was traced where {was}, but now it is {now}: {name} may do something else then. Call {name} "
        "itself, or trace its graph for these arguments."
    )
