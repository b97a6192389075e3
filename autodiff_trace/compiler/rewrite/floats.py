"""Numbers as Python's floats: arithmetic takes 15 instead of 40 ns, a sine 20 instead of 90.

Python's floats compute what NumPy's do as long as all is finite. Where something is not, Python raises an error or the
last check of the program fails, and the function is traced again without this pass (then NumPy warns as it should).
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ...core.traits import traits_of
from ..backends.numpy_source import calls
from ..ir.loop import Loop, all_steps, as_range, read_each, read_floats, result, slice_of, sum_turns, turn_of, with_body
from ..ir.node import Node, Program, literal, substitute
from ..ir.spec import Spec, spec_of

__all__ = ["use_floats"]

FEWEST = 4
"""Steps for which converting and checking pays."""


def use_floats(program: Program) -> Program:
    """The program with steps on single numbers done by Python."""
    steps = list(all_steps(program))
    if any(step.errstate and step.errstate.get("under", "ignore") != "ignore" for step in steps):
        return program  # Python says nothing of underflow
    chosen = {step for step in steps if is_float_step(step)}
    return Conversion(program, chosen).run() if len(chosen) >= FEWEST else program


def is_float_step(step: Node) -> bool:
    """Whether Python can do this step: its operands are, or can be made, Python's floats."""
    traits = traits_of(step.function)
    if step.kind != "call" or step.kwargs or traits.float_form is None:
        return False
    # Of truth values NumPy's sum is one as well, Python's is a number.
    if not is_float(step.spec) and not (step.spec.kind is np.bool_ and traits.takes_truths):
        return False
    for arg in step.args:
        kind = type(arg)
        if kind not in NUMBERS and (kind is not Node or arg.spec.kind not in OPERANDS):
            return False
        if kind is int and abs(arg) > EXACT and step.spec.kind is not float:
            return False  # NumPy rounds it to a float, Python does not
    return True


FLOAT = spec_of(0.0)

FLOATS = spec_of([0.0])

FROM_LOOPS = {result, sum_turns, turn_of}

EXACT = 2**53
"""Integers up to which all are floats."""


NUMBERS = {int, float, np.float64}

OPERANDS = {float, np.float64, np.bool_}


def is_float(spec: Spec) -> bool:
    return spec.kind is np.float64 or spec.kind is float


def count_reads(program: Program) -> dict[Node, int]:
    """How many single items are read from each array."""
    reads: dict[Node, int] = {}
    for step in program.steps:
        if is_read(step):
            reads[step.args[0]] = reads.get(step.args[0], 0) + 1
    return reads


def is_read(step: Node) -> bool:
    """Whether a step reads one item of a one-dimensional array, at a fixed place."""
    return (
        step.kind == "call"
        and step.function is calls.getitem
        and step.spec.kind is np.float64
        and step.args[0].spec.is_array
        and step.args[0].spec.ndim == 1
        and type(step.args[1]) is int
    )


class Conversion:
    """Turns a program over, step by step: which values are Python's floats, and which have been converted back.

    All float64 that loops are given, hand on and keep are Python's floats.
    """

    def __init__(self, program: Program, chosen: set[Node]) -> None:
        self.program = program
        self.reads = count_reads(program)
        self.chosen = chosen
        self.floats: dict[Node, Node] = {}
        self.lists: dict[Node, Node] = {}
        self.back: dict[Node, Node] = {}
        self.new: dict[Node, Node] = {}
        self.steps: list[Node] = []
        self.checked: dict[Node, None] = {}
        self.own: set[Node] = set()  # inputs that are Python's floats themselves

    def run(self) -> Program:
        program = self.program
        self.convert_steps()
        outputs = [substitute(output, self.plain) for output in program.outputs]
        self.check()
        return Program(program.inputs, self.steps, outputs)

    def run_body(self) -> Program:
        """The same of the body of a loop."""
        inputs = []
        for node in self.program.inputs:
            if node.spec.kind is np.float64:
                self.floats[node] = Node(None, (), {}, FLOAT, node.name, "input")
                inputs.append(self.floats[node])
            else:
                inputs.append(node)
        self.own = set(self.floats)
        self.convert_steps()
        outputs = list(map(self.handed_on, self.program.outputs))
        self.check()
        return Program(inputs, self.steps, outputs)

    def convert_steps(self) -> None:
        for step in self.program.steps:
            if step in self.chosen:
                self.convert(step)
            elif type(step.function) is Loop:
                self.convert_loop(step)
            elif step.function is read_each and step.spec.items[0].kind is np.float64:
                pass  # the loop that needs it reads floats
            elif step.function in FROM_LOOPS and step.spec.kind is np.float64:
                args = substitute(step.args, self.plain)
                self.floats[step] = self.add(Node(step.function, args, {}, FLOAT, step.name))
            elif is_read(step) and self.reads[step.args[0]] * 20 > step.args[0].spec.size:
                self.read(step)
            else:
                self.keep(step)

    def check(self) -> None:
        if self.checked:
            state = self.program.steps[-1].errstate
            self.steps.append(Node(calls.check_finite, (list(self.checked),), {}, None, "check", "effect", state))

    def convert_loop(self, step: Node) -> None:
        body = Conversion(step.function.body, self.chosen).run_body()
        moved = with_body(step, body)
        loop = moved.function
        args = []
        for i, (arg, node) in enumerate(zip(step.args, step.function.body.inputs)):
            if node.spec.kind is not np.float64:
                args.append(substitute(arg, self.plain))
            elif type(arg) is list or not loop.carried <= i < loop.carried + loop.own:
                args.append(substitute(arg, self.as_float))
            elif arg.spec.is_array:
                args.append(self.items_of(self.plain(arg)))
            elif arg.kind == "constant":
                args.append(literal(tuple(map(float, arg.value))))
            elif arg.function is read_each:
                args.append(self.read_each(arg))
            else:
                args.append(self.plain(arg))
        self.new[step] = self.add(Node(loop, tuple(args), {}, moved.spec, "loop", "call", step.errstate))

    def handed_on(self, arg: Any) -> Any:
        """An output of the body of a loop."""
        if type(arg) is Node and arg.spec.kind is np.float64:
            return self.floats.get(arg) or self.as_float(arg)
        return self.plain(arg)

    def convert(self, step: Node) -> None:
        if step.function is np.float64:
            self.floats[step] = self.as_float(step.args[0])
            return
        function, hides = traits_of(step.function).float_form, traits_of(step.function).hides
        args = [self.floats.get(arg) or self.as_float(arg) for arg in step.args]
        if function is math.pow and step.args[1] == 2 and type(step.args[1]) in (int, float):
            function, args, hides = operator.mul, [args[0], args[0]], ()
        for i in hides:  # they have to be checked
            if type(args[i]) is Node and args[i].spec.kind is float:
                self.checked[args[i]] = None
        self.floats[step] = self.add(Node(function, tuple(args), {}, step.spec.as_python(), step.name))

    def read(self, step: Node) -> None:
        array = self.new.get(step.args[0], step.args[0])
        items = self.items_of(array)
        self.floats[step] = self.add(Node(calls.getitem, (items, step.args[1]), {}, FLOAT, step.name))

    def items_of(self, array: Node) -> Node:
        items = self.lists.get(array)
        if items is None:
            items = self.lists[array] = self.add(Node(np.ndarray.tolist, (array,), {}, FLOATS, "tolist"))
        return items

    def read_each(self, step: Node) -> Node:
        """What turns of a loop read, one item each; a slice of all items if they follow one another."""
        array, indices = self.plain(step.args[0]), step.args[1].value
        if array.spec.ndim == 1 and all([type(index) is int for index in indices]):
            places = as_range([index % array.spec.size for index in indices])
            if places is not None and len(places) * 20 > array.spec.size:
                return self.add(Node(turn_of, (self.items_of(array), slice_of(places)), {}, FLOATS, "turn_of"))
        return self.add(Node(read_floats, (array, step.args[1]), {}, FLOATS, "read_floats"))

    def keep(self, step: Node) -> None:
        """A step that NumPy does. (The items of ``np.array`` may be Python's floats as well.)"""
        by = self.item if step.function is np.array else self.plain
        is_call = step.function is np.array and step.kind == "call"
        listed = is_call and type(step.args[0]) is Node and step.spec.dtype == np.float64
        step.args, step.found = substitute(step.args, by), None
        if step.kwargs:
            step.kwargs = {name: substitute(arg, self.plain) for name, arg in step.kwargs.items()}
        self.new[step] = self.add(step)
        if listed:
            self.checked[step] = None  # a list of what a loop has kept

    def add(self, step: Node) -> Node:
        self.steps.append(step)
        return step

    def as_float(self, arg: Any) -> Any:
        """An operand as Python's float (or, of a comparison, as its truth value)."""
        if type(arg) is not Node:
            return arg.item() if isinstance(arg, np.generic) else arg
        number = self.floats.get(arg)
        if number is None:
            if arg.kind == "constant":
                return arg.value.item() if isinstance(arg.value, np.generic) else arg.value
            value = self.new.get(arg, arg)
            number = value
            if arg.spec.is_scalar:
                number = self.add(Node(np.generic.item, (value,), {}, arg.spec.as_python(), "item"))
            self.floats[arg] = number
        return number

    def item(self, arg: Any) -> Any:
        if type(arg) is Node and arg in self.floats and arg not in self.new:
            self.checked[self.floats[arg]] = None
            return self.floats[arg]
        return self.plain(arg)

    def plain(self, arg: Any) -> Any:
        """An operand as NumPy has it."""
        if type(arg) is not Node:
            return arg
        if arg in self.new:
            return self.new[arg]
        number = self.floats.get(arg)
        if number is None or number is arg or arg.kind == "input" and arg not in self.own:
            return arg
        if arg not in self.back:
            if number.spec.kind is float:
                self.checked[number] = None
            if arg.spec.kind is number.spec.kind:
                return number
            self.back[arg] = self.add(Node(arg.spec.kind, (number,), {}, arg.spec, "number"))
        return self.back[arg]
