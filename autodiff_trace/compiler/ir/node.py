"""The steps of a program: inputs, constants, guards, and calls of functions whose arguments are other nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from .spec import Spec, spec_of

__all__ = [
    "LIVE", "OUTSIDE", "Node", "Program", "in_turn", "is_fixed", "literal", "nodes_in", "operands", "parts_of",
    "rebuild", "relabel", "spec_at", "substitute", "value_of",
]


LIVE = "array"
"""The name of constants that are read anew in each run."""


OUTSIDE = -1
"""What such a constant has as ``out`` if the function found the array outside: as an output it is that very array."""


class Node:
    """One step of a program. Those of a recorded program are not changed; lowering makes new ones, which the passes own
    and write into. (New ones at each replacement would make all that follows it new.)

    Attributes:
        function: what is called; None for an input and for a constant.
        args, kwargs: its arguments, in which nodes stand for their values, also in lists and tuples.
        spec: what holds of its value in each run.
        value: of a constant the value, of a guard what was seen, of an argument what was given when the function was
            traced; of steps too where a person is to look at them (:func:`graph`), else None.
        name: of an input its parameter's, else the function's.
        kind: "input", "constant", "call", "guard" (Python's use of a value: another run has to give the same) or
            "effect" (a call that is made though nothing depends on it, and once for each time it stands there).
        errstate: how NumPy's error handling differed from what it was around the traced function.
        out: of a guard its number; of one in a loop that in the first turn, and how many there are in a turn.
    """

    __slots__ = ("function", "args", "kwargs", "value", "spec", "name", "kind", "errstate", "out", "found")

    def __init__(self, function, args, kwargs, value_or_spec, name, kind="call", errstate=None, out=None):
        self.function = function
        self.args = args
        self.kwargs = kwargs
        if type(value_or_spec) is Spec:
            self.spec, self.value = value_or_spec, None
        else:
            self.spec, self.value = spec_of(value_or_spec), value_or_spec
        self.name = name
        self.kind = kind
        self.errstate = errstate
        self.out = out
        self.found = None  # its operands, once they have been asked for

    def with_call(self, function: Callable, args: tuple, kwargs: dict | None = None) -> Node:
        """A call of another function that gives the same value."""
        return Node(function, args, kwargs or {}, self.spec, self.name, self.kind, self.errstate)

    def relabelled(self, new: dict[Node, Node]) -> Node:
        """A step like this one, with operands replaced."""
        kwargs = self.kwargs and dict(zip(self.kwargs, relabel(list(self.kwargs.values()), new)))
        return self.with_args(relabel(self.args, new), kwargs)

    def with_args(self, args: tuple, kwargs: dict | None = None) -> Node:
        """A step like this one, of other operands. (A guard keeps what was seen.)"""
        known = self.spec if self.value is None else self.value
        return Node(self.function, args, kwargs or {}, known, self.name, self.kind, self.errstate, self.out)

    def rewire(self, new: dict[Node, Node]) -> Node:
        """This very step with operands replaced."""
        if not new.keys().isdisjoint(self.found or operands(self)):
            if self.kwargs:
                self.kwargs = dict(zip(self.kwargs, relabel(list(self.kwargs.values()), new)))
            self.args = relabel(self.args, new)
            self.found = None
        return self

    def __repr__(self) -> str:
        return f"<{self.name} = {self.spec}>"


class Program:
    """A program: its ``inputs``, its ``steps`` in the order in which they run, and its ``outputs``.

    Outputs are nodes, or values that are no numbers (None, a string), which are returned as they are. A pass that
    changes something makes another program (of the same steps, as a rule): what passes ask of one is found once.
    """

    def __init__(self, inputs: list[Node], steps: list[Node], outputs: list) -> None:
        self.inputs = inputs
        self.steps = steps
        self.outputs = outputs

    @cached_property
    def users(self) -> dict[Node, list[Node]]:
        """The steps that use a node, one as often as it does."""
        users: dict[Node, list[Node]] = {}
        for step in self.steps:
            for operand in operands(step):
                if operand in users:
                    users[operand].append(step)
                else:
                    users[operand] = [step]
        return users

    @cached_property
    def kept(self) -> set[Node]:
        """The outputs that are nodes."""
        return {output for output in self.outputs if type(output) is Node}

    @cached_property
    def numbers(self) -> dict[Node, int]:
        """The places of the steps."""
        return {step: i for i, step in enumerate(self.steps)}

    @cached_property
    def functions(self) -> set[int]:
        """The ids of the functions that the steps call. (Some cannot be hashed.)"""
        return {id(step.function) for step in self.steps}

    @cached_property
    def largest(self) -> int:
        """The most elements that a step gives."""
        return max([step.spec.size for step in self.steps], default=0)

    def calls(self, functions: Iterable[Callable]) -> bool:
        """Whether a step calls one of these functions."""
        return not self.functions.isdisjoint(map(id, functions))


def is_fixed(arg: Any) -> bool:
    """Whether an argument is the same in each run: not a node, or a constant that was made while the function ran.

    A plain array that the function computed with is a constant too, but others may write into it between runs.
    """
    kind = type(arg)
    if kind is Node:
        return arg.kind == "constant" and arg.name != LIVE
    if kind is tuple or kind is list:
        for item in arg:
            if not is_fixed(item):
                return False
    return True


def literal(value: Any) -> Node:
    """A constant that is the same in each run."""
    return Node(None, (), {}, value, "made", "constant")


def value_of(arg: Any) -> Any:
    """The value of an argument: of a node, which is a constant, its own."""
    return arg.value if type(arg) is Node else arg


def spec_at(arg: Any) -> Spec:
    """The spec of an argument: a node, a number, an array."""
    return arg.spec if type(arg) is Node else spec_of(arg)


def parts_of(index: Any) -> tuple:
    """The parts of an index, one an axis or so."""
    return index if type(index) is tuple else (index,)


def substitute(arg: Any, by: Callable[[Any], Any]) -> Any:
    """``arg`` with ``by`` applied, also inside lists and tuples."""
    kind = type(arg)
    if kind is not tuple and kind is not list:
        return by(arg)
    items = [by(item) if type(item) is Node else substitute(item, by) for item in arg]
    return tuple(items) if kind is tuple else items


def operands(node: Node) -> list[Node]:
    """The nodes among the arguments of a step, from left to right; nobody may write into the list."""
    found = node.found
    if found is None:
        found = node.found = nodes_in((*node.args, *node.kwargs.values()) if node.kwargs else node.args)
    return found


def nodes_in(args: Iterable) -> list[Node]:
    found = []
    for arg in args:
        kind = type(arg)
        if kind is Node:
            found.append(arg)
        elif kind is tuple or kind is list:
            found += nodes_in(arg)
    return found


def rebuild(program: Program, rewrite: Callable[[Node], Any], copies: bool = False) -> Program:
    """The program with each step replaced by ``rewrite(step)``, whose operands have already been replaced; with
    ``copies`` in steps of its own.

    ``rewrite`` returns a node (the step itself where nothing is to be done): a new step, a constant, or one that stands
    before; or a list of new steps, the last of which takes the place. Where it changes none it is the very program.
    """
    new: dict[Node, Node] = {}
    steps: list[Node] = []
    present = set()
    for step in program.steps:
        moved = step
        if copies:
            moved = step.relabelled(new)
        elif not new.keys().isdisjoint(step.found or operands(step)):
            step.rewire(new)
        result = rewrite(moved)
        if result is step:  # as a rule (a fifth of the time is saved)
            present.add(step)
            steps.append(step)
            continue
        results = result if type(result) is list else [result]
        if results[-1] is not step:
            new[step] = results[-1]
        for each in results:
            if each.kind not in ("input", "constant") and each not in present:
                present.add(each)
                steps.append(each)
    if not new and len(steps) == len(program.steps):
        return program
    return Program(program.inputs, steps, relabel(program.outputs, new))


def in_turn(first: Callable[[Node], Any], second: Callable[[Node], Any]) -> Callable[[Node], Any]:
    """What :func:`rebuild` takes to apply ``second`` to what ``first`` gives for each step: one walk instead of two."""

    def rewrite(step: Node) -> Node | list[Node]:
        result = first(step)
        if type(result) is not list:
            return second(result)
        new: dict[Node, Node] = {}
        results: list[Node] = []
        for each in result:
            last = second(each.rewire(new))
            results += last if type(last) is list else [last]
            new[each] = results[-1]
        return results

    return rewrite


def relabel(args: Any, new: Mapping[Node, Node]) -> Any:
    """A list or tuple of arguments with nodes replaced."""
    result = []
    for arg in args:
        kind = type(arg)
        if kind is Node:
            arg = new.get(arg, arg)
        elif kind is tuple or kind is list:
            arg = relabel(arg, new)
        result.append(arg)
    return tuple(result) if type(args) is tuple else result
