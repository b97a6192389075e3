"""Emission: a program as Python source, one statement a step, and the objects that its names stand for."""

from __future__ import annotations

import cmath
import operator
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ....numpy.definers import SHORT, is_surely_finite
from . import calls
from ...ir.memory import Memory
from ....numpy.error_states import error_state, restore_errors, setter
from ...record.guards import outcome
from .error_regions import group_by_handling
from .inline import find_inline
from ...ir.kernel import Kernel, Plan
from ...ir.loop import Loop, result, turn_of
from ...ir.region import Region
from .loop_source import write_loop
from ...ir.node import Node, Program
from .region_source import write_region
from .spelling import Spelling, is_readable

__all__ = ["Source", "emit"]

OPERATORS = {
    operator.add: "{} + {}", operator.sub: "{} - {}", operator.mul: "{} * {}", operator.truediv: "{} / {}",
    operator.pow: "{} ** {}", operator.neg: "-{}", operator.abs: "abs({})", operator.lt: "{} < {}",
    operator.le: "{} <= {}", operator.gt: "{} > {}", operator.ge: "{} >= {}", operator.eq: "{} == {}",
    operator.ne: "{} != {}", calls.select_float: "{1} if {0} else {2}",
}

METHODS = {
    calls.reshape: "reshape", calls.transpose: "transpose", np.ndarray.tolist: "tolist", np.generic.item: "item",
}

LONGEST = 100
"""Terms of one sum: Python's parser and compiler go down a level for each, and allow some thousand."""


class Source(NamedTuple):
    """``text`` defines the function of the program, ``entry``, and those of its ``kernels``, which are named; ``names``
    are the objects they refer to. ``names`` are copied, and the buffers put in under their names (b0, b1, …), for each
    thread that runs it at a time; the buffers of kernels are s0, s1, …"""

    text: str
    entry: str
    names: dict[str, Any]
    kernels: dict[str, Plan]


class Emitter(Spelling):
    """Writes statements; with ``outer`` those of a kernel of the program that ``outer`` writes."""

    def __init__(self, memory: Memory, outer: Emitter | None = None) -> None:
        super().__init__(outer)
        self.memory = memory
        self.buffer = "s" if outer else "b"
        self.lines: list[str] = []
        self.indent = "    "
        self.kernels: dict[str, Kernel] = {}
        self.outs: dict[Node, str] = {}
        self.inline: set[Node] = set()
        self.setup: list[str] = []
        self.turn = ""  # the name of the number of a loop's turn
        self.results: dict[Node, list[str]] = {}  # the names of what loops and regions give
        self.regions = 0

    def expression(self, step: Node) -> str:
        """The call of a step."""
        function, args = step.function, step.args
        template = OPERATORS.get(function) if function.__hash__ else None
        if template is not None:
            return template.format(*map(self.text, args))
        if function is operator.getitem or function is turn_of:
            return f"{self.text(args[0])}[{self.index(args[1])}]"
        if function is calls.transpose and args[1] == tuple(range(len(args[1])))[::-1]:
            return f"{self.text(args[0])}.T"
        if function in METHODS:
            return f"{self.text(args[0])}.{METHODS[function]}({', '.join(map(self.text, args[1:]))})"
        texts = [self.text(arg) for arg in args]
        out = self.outs.get(step) or self.buffer_name(step)
        if out is not None:
            position = calls.out_position(function)
            texts[position:position + 1] = [out]
        elif function in calls.REDUCTIONS and texts[2:] == ["None", "None", "False"]:
            del texts[2:]
        if function in (np.maximum, np.minimum) and len(texts) > 2:
            texts[2] = f"out={texts[2]}"  # NumPy wants it by name here; elsewhere the position is 0.05 µs quicker
        for name, arg in step.kwargs.items():
            # A name that the user chose is spelled as a string unless it is readable: it may be any text.
            texts.append(f"{name}={self.text(arg)}" if is_readable(name) else f"**{{{name!r}: {self.text(arg)}}}")
        if function is np.dot and type(args[0]) is Node and args[0].spec.is_array:
            return f"{texts[0]}.dot({', '.join(texts[1:])})"  # takes 0.1 of 0.5 µs less
        return f"{self.function_name(function)}({', '.join(texts)})"

    def function_name(self, function: Callable) -> str:
        known = self.known.get(id(function))
        if known is not None:
            return known
        owner = getattr(function, "__self__", None)
        name = getattr(function, "__name__", None)
        return self.object_name(function, f"{owner.__name__}_{name}" if isinstance(owner, np.ufunc) else name)

    def write(self, line: str) -> None:
        self.lines.append(self.indent + line)

    def statement(self, step: Node) -> None:
        """Write the statement of a step."""
        if step.kind == "guard":
            use, (operand,) = step.function, step.args
            number = step.out if type(step.out) is int else f"{step.out[0]} + {step.out[1]} * {self.turn}"
            if use is bool:
                self.write(f"if {'not ' if step.value else ''}{self.text(operand)}:")
                self.write(f"    return Miss({number}, {not step.value})")
            else:
                expected = self.constant_name(outcome(step.value))
                self.write(f"if (seen := outcome({self.function_name(use)}({self.text(operand)}))) != {expected}:")
                self.write(f"    return Miss({number}, seen)")
            return
        if step.function is calls.assign:
            x, index, value = step.args
            self.names[step] = self.text(x)
            self.write(f"{self.names[step]}[{self.index(index)}] = {self.text(value)}")
            return
        if step.function is calls.check_finite:
            self.check(step.args[0])
            return
        if step.function is calls.after:
            self.names[step] = self.text(step.args[0])
            return
        if step.function is calls.empty and step in self.memory.numbers:
            self.names[step] = self.buffer_name(step)
            return
        if type(step.function) in (Loop, Region):
            self.results[step] = (write_loop if type(step.function) is Loop else write_region)(self, step)
            self.names[step] = "None"
            return
        if step.function is result:
            self.names[step] = self.results[step.args[0]][step.args[1]]
            return
        if type(step.function) is Kernel:
            self.names[step] = "None"
            self.write(f"{self.kernel_name(step.function)}({', '.join(map(self.text, step.args))})")
            return
        text = self.expression(step)
        if step in self.inline:
            self.names[step] = f"({text})" if step.function in OPERATORS else text
            return
        name = self.names[step] = f"v{len(self.names)}"
        if self.shows_buffer(step):
            self.setup.append(f"{name} = {text.replace(self.text(step.args[0]), self.buffer_of(step.args[0]), 1)}")
        else:
            self.write(f"{name} = {text}")

    def buffer_name(self, step: Node) -> str | None:
        """The name of the buffer that a step writes into, if it does."""
        number = self.memory.numbers.get(step)
        return None if number is None else f"{self.buffer}{number}"

    def new_name(self, node: Node) -> str:
        name = self.names[node] = f"v{len(self.names)}"
        return name

    def check(self, values: list[Node]) -> None:
        """Write what raises an error unless all these values are finite."""
        fail = f"    {self.object_name(calls.fail, 'fail')}()"
        terms = []
        for value in values:
            text = self.text(value)
            if value.spec.ndim == 0:
                terms.append(text)
            elif value.spec.ndim == 1 and value.spec.size <= SHORT:
                terms.append(f"{text}.dot({text})")  # 0.3 instead of 0.6 µs
            else:
                self.write(f"if not {self.function_name(is_surely_finite)}({text}):")
                self.write(fail)
        isfinite = self.function_name(cmath.isfinite)
        for start in range(0, len(terms), LONGEST):
            self.write(f"if not {isfinite}({' + '.join(terms[start:start + LONGEST])}):")
            self.write(fail)

    def shows_buffer(self, step: Node) -> bool:
        """Whether a step makes a view of a buffer, the same in each run: it is made once, with the buffers."""
        if self.buffer != "b" or step.function not in calls.VIEWS:
            return False
        if step.kind != "call" or self.buffer_of(step.args[0]) is None:
            return False
        base = step.args[0]
        while base.function is calls.after:
            base = base.args[0]
        if step.function is calls.reshape:  # of other arrays it may be a copy
            return base in self.memory.numbers and base.spec.is_contiguous
        if step.function is calls.getitem:
            return calls.is_basic(step.args[1]) and step.spec.is_array
        return step.function is calls.transpose

    def buffer_of(self, arg: Any) -> str | None:
        """The name of the buffer, or of the view of one, in which the value of a step is in each run."""
        if type(arg) is not Node:
            return None
        if arg in self.memory.numbers:
            return self.buffer_name(arg)
        if arg.function is calls.after:
            return self.buffer_of(arg.args[0])
        return self.names[arg] if self.shows_buffer(arg) else None

    def statements(self, steps: list[Node]) -> None:
        """Write the statements of steps, under NumPy's error handling that each had when it was recorded."""
        for state, run in group_by_handling(steps):
            if state is None:
                self.each_statement(run)
                continue
            set_errors = self.object_name(setter(*state.items()), "set_errors")
            restore = self.object_name(restore_errors, "restore_errors")
            before = self.free_name("before")
            self.write(f"{before} = {self.object_name(error_state, 'error_state')}()")
            self.write("try:")
            self.indent += "    "
            self.write(f"{set_errors}({before})  # {', '.join(f'{kind}={how!r}' for kind, how in state.items())}")
            self.each_statement(run)
            self.indent = self.indent[4:]
            self.write("finally:")
            self.write(f"    {restore}({before})")

    def each_statement(self, steps: Iterable[Node]) -> None:
        for step in steps:
            self.statement(step)

    def kernel_name(self, kernel: Kernel) -> str:
        """The name of a kernel."""
        name = f"blocks_{len(self.kernels) + 1}"
        self.kernels[name] = kernel
        return name


def emit_kernel(kernel: Kernel, name: str, outer: Emitter) -> list[str]:
    """The lines of a kernel's function, of the number of a block, its first row, that after its last, and arrays."""
    emitter = Emitter(kernel.memory, outer)
    rows, others, results, partials = (
        [f"{letter}{i}" for i in range(len(nodes))]
        for letter, nodes in (("x", kernel.rows), ("w", kernel.others), ("y", kernel.results), ("p", kernel.partials))
    )
    emitter.names.update(zip((*kernel.rows, *kernel.others), (*rows, *others)))
    for each in (*rows, *results):
        emitter.write(f"{each} = {each}[start:stop]")
    ends = dict(zip((*kernel.results, *kernel.partials), (*results, *(f"{each}[i]" for each in partials))))
    for step, text in ends.items():
        if step.spec.is_array and calls.out_position(step.function) is not None:
            emitter.outs[step] = text
    emitter.statements(kernel.steps)
    for step, text in ends.items():
        if step not in emitter.outs:
            emitter.write(f"{text}{'[...]' if step in kernel.results else ''} = {emitter.names[step]}")
    return [f"def {name}({', '.join(('i', 'start', 'stop', *rows, *others, *results, *partials))}):", *emitter.lines]


def emit(program: Program, memory: Memory, output: Callable[[list[str]], str], name: str) -> Source:
    """The source of a program. ``output`` gives the expression for what is returned from those of its leaves, ``name``
    is the user's for it."""
    emitter = Emitter(memory)
    entry = emitter.free_name(name, "function")
    for node in program.inputs:
        emitter.names[node] = emitter.free_name(node.name, "input")
    emitter.inline = find_inline(program)
    emitter.statements(program.steps)
    parameters = ", ".join(emitter.names[node] for node in program.inputs)
    leaves = [emitter.text(each) for each in program.outputs]
    emitter.lines.append(f"    return {output(leaves)}")
    lines = []
    for kernel_name, kernel in emitter.kernels.items():
        lines += [*emit_kernel(kernel, kernel_name, emitter), "", ""]
    lines += [f"def {entry}({parameters}):", *emitter.lines, ""]
    if emitter.setup:
        lines += ["", *emitter.setup, ""]
    plans = {kernel_name: kernel.plan for kernel_name, kernel in emitter.kernels.items()}
    return Source("\n".join(lines), entry, emitter.objects, plans)
