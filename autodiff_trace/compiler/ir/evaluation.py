"""Evaluation: a program step by step, with its primitives, so that traces can follow; or as a function of Python's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


from ...numpy.error_states import setter, under
from .node import Node, Program, operands, substitute

__all__ = ["as_function", "evaluate", "with_errstate"]


def evaluate(program: Program, leaves: Sequence, constant: Callable, apply: Callable) -> list:
    """The outputs for these inputs, traced or not. ``constant(node)`` gives the value of a constant,
    ``apply(function, args, kwargs)`` that of a step."""
    values = dict(zip(program.inputs, leaves, strict=True))

    def value_of(arg):
        if type(arg) is not Node:
            return arg
        if arg not in values:
            values[arg] = constant(arg)
        return values[arg]

    for step in program.steps:
        args = [substitute(arg, value_of) for arg in step.args]
        kwargs = {name: substitute(arg, value_of) for name, arg in step.kwargs.items()}
        values[step] = with_errstate(apply, step.errstate)(step.function, args, kwargs)
    return [value_of(output) for output in program.outputs]


def as_function(program: Program) -> Callable[..., list]:
    """The program as a function of plain values, without any pass: its source is a statement a step."""
    names = {node: f"x{i}" for i, node in enumerate(program.inputs)}
    objects: dict[str, Any] = {}

    def text(arg):
        kind = type(arg)
        if kind is tuple or kind is list:
            inner = ", ".join(map(text, arg))
            return f"[{inner}]" if kind is list else f"({inner},)" if arg else "()"
        if kind is Node and arg in names:
            return names[arg]
        name = f"c{len(objects)}"
        objects[name] = arg.value if kind is Node else arg
        if kind is Node:
            names[arg] = name
        return name

    parameters = ", ".join(names.values())
    lines = []
    for i, step in enumerate(program.steps):
        arguments = [*map(text, step.args), *(f"**{{{name!r}: {text(arg)}}}" for name, arg in step.kwargs.items())]
        objects[f"f{i}"] = with_errstate(plain_form(step), step.errstate)
        names[step] = f"v{i}"
        lines.append(f"    v{i} = f{i}({', '.join(arguments)})")
    source = "\n".join([f"def run({parameters}):", *lines, f"    return {text(list(program.outputs))}"])
    exec(compile(source, f"{__file__} for run", "exec"), objects)
    return objects["run"]


def plain_form(step: Node) -> Callable:
    """What computes a step from plain values: of a primitive what its trace has computed."""
    traits = getattr(step.function, "traits", None)
    if traits is None:
        return step.function
    is_operator = not step.kwargs and not any(type(arg) in (list, tuple) for arg in step.args)
    has_dtype = any(node.spec.dtype is not None for node in operands(step))
    return traits.fast_fun if is_operator and has_dtype else step.function.fun


def with_errstate(function: Callable, errstate: dict | None) -> Callable:
    """``function``, under the handling of errors of a step."""
    return under(setter(*errstate.items()), function) if errstate else function
