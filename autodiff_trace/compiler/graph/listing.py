"""Listing: a compiled program as text, with the shapes and dtypes of its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..backends.numpy_source.calls import after, assign, check_finite, empty
from ..ir.memory import Memory
from ..backends.numpy_source.emit import emit
from ..record.guards import signature
from ..ir.kernel import Kernel
from ..ir.node import Node, Program, spec_at
from ..ir.region import Region
from ..ir.spec import Spec
from ..backends.numpy_source.executable import Executable
from ..backends.numpy_source.spelling import printable

__all__ = ["expression", "guard_text", "listing", "native_listing", "seen_text", "type_text"]

SHOWN = 6
"""Constants with more elements are shown by their type alone."""

WIDEST = 60
"""Comments stand in one column, at most this one."""

DEPTH = 3
"""How deep calls in calls are written out where a guard is named."""

SHOWN_USES = ("complex", "float", "index", "int", "str")
"""Python's uses of values that are named where a guard is; the others are ``if`` and formatting."""

ADDRESS = re.compile(r" (?:object )?at 0x[0-9a-fA-F]+")
"""What is another each time in what objects say of themselves."""

AS_IN_PYTHON = (np.bool, np.complex128, np.float64, np.int64)
"""Kinds of NumPy's numbers that are written as Python's."""

INFIX = {
    "add": "+", "divide": "/", "equal": "==", "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=",
    "matmul": "@", "multiply": "*", "not_equal": "!=", "power": "**", "subtract": "-", "true_divide": "/",
}


def type_text(value: Any) -> str:
    """'float64[5,3]' for an array or a NumPy number, also a traced one; of others the name of their type. A spec stands
    for its value.

    >>> type_text(np.zeros((5, 3))), type_text(np.float32(1)), type_text(1.0), type_text(Spec(int, (), None, ()))
    ('float64[5,3]', 'float32[]', 'float', 'int')
    """
    if type(value) is Spec and value.dtype is None:
        return type_text(value.items) if value.kind is tuple else value.kind.__name__
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{value.dtype}[{','.join(map(str, value.shape))}]"
    if type(value) is tuple:
        return f"({', '.join(map(type_text, value))})"
    return type(value).__name__


def expression(arg: Any, depth: int = DEPTH) -> str:
    """What a node was computed from, as a person would write it."""
    if type(arg) is list or type(arg) is tuple:
        return f"[{', '.join([expression(each, depth) for each in arg])}]"
    if type(arg) is slice:
        ends = [expression(end, depth) if end is not None else "" for end in (arg.start, arg.stop, arg.step)]
        return ":".join(ends if ends[2] else ends[:2])
    if arg is Ellipsis:
        return "..."
    if type(arg) is not Node:
        return ADDRESS.sub("", repr(arg.item() if type(arg) in AS_IN_PYTHON else arg))
    if arg.kind == "input":
        return arg.name
    if arg.kind == "constant":
        return expression(arg.value) if arg.spec.ndim == 0 else type_text(arg.spec)
    if depth == 0:
        return "…"
    if hasattr(arg.function, "params"):
        x, *params = arg.args
        if arg.name == "transpose" and params == [(1, 0)]:
            return f"({expression(x, depth - 1)}).T" if is_infix(x) and depth > 1 else f"{expression(x, depth - 1)}.T"
        return f"{arg.name}({', '.join([expression(x, depth - 1), *params_texts(arg.function.params, x, params)])})"
    operands = [expression(each, depth - 1) for each in arg.args]
    if arg.name in INFIX and len(operands) == 2:
        operands = [f"({text})" if is_infix(each) and depth > 1 else text for each, text in zip(arg.args, operands)]
        return f"{operands[0]} {INFIX[arg.name]} {operands[1]}"
    if arg.name == "getitem" and len(operands) == 2:
        index = operands[1][1:-1] or "()" if type(arg.args[1]) is tuple else operands[1]
        return f"{operands[0]}[{index}]"
    operands += [f"{name}={expression(each, depth - 1)}" for name, each in arg.kwargs.items()]
    return f"{arg.name}({', '.join(operands)})"


def params_texts(names: tuple[str, ...], x: Any, params: list) -> Iterator[str]:
    """The params of a primitive of ``x`` as one writes them for NumPy: without those that say nothing."""
    ndim = spec_at(x).ndim
    for name, value in zip(names, params):
        if name in ("axes", "axis") and value is not None:
            axes = (value,) if type(value) is int else value
            if axes != tuple(range(ndim)):
                yield f"axis={axes[0] if len(axes) == 1 else axes}"
        elif value is not None and value is not False:
            yield f"{name}={value}" if name == "keepdims" else expression(value)


def is_infix(arg: Any) -> bool:
    return type(arg) is Node and arg.kind == "call" and arg.name in INFIX


def guard_text(step: Node) -> str:
    """What Python saw: 'x > 0 was True', 'int(x) was 3'."""
    text, use = expression(step.args[0]), getattr(step.function, "__name__", "")
    return printable(f"{f'{use}({text})' if use in SHOWN_USES else text} was {seen_text(step.function, step.value)}")


def seen_text(use: Callable, seen: Any) -> str:
    """What Python saw of a value: the value, or what a guard keeps of it, which has its type with it."""
    if use is signature and type(seen) is str:
        return seen
    if type(seen) is tuple and len(seen) == 2:  # a type, and what tells its values apart
        seen = seen[1] if type(seen[1]) is tuple else str(seen[1])
        if type(seen) is str:
            return seen
    return f"{np.dtype(seen[2])}[{','.join(map(str, seen[1]))}]" if type(seen) is tuple else repr(seen)


def listing(program: Program, memory: Memory, executable: Executable, guards: list[str]) -> str:
    """The source of a compiled program, annotated; ``program`` is the one after the passes."""
    types = {name: type_text(spec) for name, spec in named_specs(program, memory, executable.source.entry).items()}
    types.update(region_types(program))
    *functions, main = re.split(r"^(?=def )", executable.source.text, flags=re.MULTILINE)[1:]
    kernels = [step.function for step in program.steps if type(step.function) is Kernel]
    parts = [kernel_listing(text, kernel) for text, kernel in zip(functions, kernels, strict=True)]
    parts += [region_listing(region, i) for i, region in enumerate(regions_in(program), 1)]
    head, *body = main.splitlines()
    comments = [comment(*lines, types, guards, program.outputs) for lines in zip(body, [*body[1:], ""])]
    parts += [head, *(f"    # {line}" for line in preamble(program, executable, types)), *align(body, comments)]
    return "\n".join(parts)


def kernel_listing(text: str, kernel: Kernel) -> str:
    """The source of a kernel, annotated with the types that values have in a block."""
    types = iter([
        type_text(on_block(step.spec, kernel)) for step in kernel.steps if step.function not in (after, assign, empty)
    ])
    lines = text.rstrip().splitlines()
    comments = [next(types, "") if re.match(r"\s*v\d+ = ", line) else "" for line in lines]
    comments[0] = f"{kernel.plan.blocks} blocks of {kernel.block} rows, side by side on all cores"
    return "\n".join([*align(lines, comments), "", ""])


def regions_in(program: Program) -> list[Region]:
    """The regions of a program, in the order in which its source numbers them."""
    return [step.function for step in program.steps if type(step.function) is Region]


def region_types(program: Program) -> dict[str, str]:
    """By the names of regions in the source what their calls give."""
    found = {}
    for i, region in enumerate(regions_in(program), 1):
        types = ", ".join([type_text(output.spec) for output in region.program.outputs])
        found[f"region_{i}"] = f"native region {i}: {types}"
    return found


def region_listing(region: Region, number: int) -> str:
    """The steps of a region as a function, annotated as a program is."""
    program, memory, entry = region.program, Memory([], {}), f"region_{number}"
    text = emit(program, memory, ", ".join, entry).text
    types = {name: type_text(spec) for name, spec in named_specs(program, memory, entry).items()}
    guards = [guard_text(step) for step in program.steps if step.kind == "guard"]
    numbers = {step.out: i for i, step in enumerate([each for each in program.steps if each.kind == "guard"])}
    lines = text.splitlines()
    comments = [comment(*each, types, guards, program.outputs, numbers) for each in zip(lines, [*lines[1:], ""])]
    comments[0] = "native"
    return "\n".join([*align(lines, comments), "", ""])


def native_listing(program: Program, describe: Callable[[Program], str]) -> str:
    """The regions of a program, each with what ``describe`` says of its machine code."""
    return "\n".join([
        f"{region_listing(region, i).rstrip()}\n\n{describe(region.program).rstrip()}\n"
        for i, region in enumerate(regions_in(program), 1)])


def on_block(spec: Spec, kernel: Kernel) -> Spec:
    """What a value is in a block."""
    return spec.with_shape((kernel.block, *spec.shape[1:])) if spec.shape[:1] == (kernel.length,) else spec


def align(lines: list[str], comments: list[str]) -> list[str]:
    """The lines, with their comments in a column."""
    column = min(max((len(line) for line, text in zip(lines, comments) if text), default=0), WIDEST)
    return [f"{line:{column}}  # {text}" if text else line for line, text in zip(lines, comments, strict=True)]


def preamble(program: Program, executable: Executable, types: dict[str, str]) -> list[str]:
    """Inputs, constants and buffers, a line each."""
    parameters = list(named_specs(Program(program.inputs, [], []), Memory([], {}), executable.source.entry))
    inputs = [(name, types[name]) for name in parameters]
    constants = [
        (name, f"{type_text(value)} = {short(value)}" if np.size(value) <= SHOWN else type_text(value))
        for name, value in executable.source.names.items()
        if isinstance(value, (np.ndarray, np.generic))
    ]
    buffers = [
        (f"b{i}", f"{buffer.dtype}[{','.join(map(str, buffer.shape))}]") for i, buffer in enumerate(executable.buffers)
    ]
    lines = []
    for title, entries in ("inputs", inputs), ("constants", constants), ("buffers", buffers):
        if entries:
            lines += [f"{title}:", *(f"    {name}: {text}" for name, text in entries)]
    return lines


def short(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=6, separator=", ").replace("\n", "")


def named_specs(program: Program, memory: Memory, entry: str) -> dict[str, Spec]:
    """For each name in the source of a program the spec of its value. As outputs all steps tell theirs."""
    steps = [step for step in program.steps if step.kind != "guard" and step.function is not check_finite]
    named = [*program.inputs, *steps]
    names: list[str] = []

    def note(leaves: list[str]) -> str:
        names.extend(leaves)
        return ""

    emit(Program(program.inputs, program.steps, named), memory, note, entry)
    return {name: node.spec for name, node in zip(names, named, strict=True)}


def comment(
    line: str, following: str, types: dict[str, str], guards: list[str], outputs: list, numbers: dict | None = None,
) -> str:
    """What is said of a line of the source. ``numbers``: the places of guards among these by their own numbers."""
    if call := re.match(r"\s*\w+ = (region_\d+)\(", line):
        return types.get(call[1], "")
    if target := re.match(r"\s*(\w+) = ", line):
        return types.get(target[1], "")
    if line.strip().startswith("if ") and (miss := re.search(r"return Miss\((\d+)", following)):
        number = int(miss[1])
        return f"guard: {guards[numbers[number] if numbers else number]}"
    if line.startswith("    return "):
        return ", ".join([type_text(output.spec if type(output) is Node else output) for output in outputs])
    return ""
