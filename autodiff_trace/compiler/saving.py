"""Saving: a program as a table that pickles. Values of steps are not saved, but computed again."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..numpy import wrapped
from .evaluating import run_step
from .node import Node, Program, substitute

__all__ = ["pack", "unpack"]


class Row(NamedTuple):
    """A node; ``place`` is where it stands, and what stands for it in the arguments of others."""

    kind: str
    function: Any
    args: tuple
    kwargs: dict
    value: Any
    name: str
    errstate: dict | None
    out: int | None


class Place:
    """Stands for the node in a row."""

    __slots__ = ("row",)

    def __init__(self, row: int) -> None:
        self.row = row


class Named(NamedTuple):
    """Stands for a function of ``numpy.random``, or a primitive that users find under another name."""

    owner: str
    name: str

    def find(self) -> Callable:
        return getattr(np.random if self.owner == "random" else wrapped, self.name)


class Table(NamedTuple):
    """A program, its nodes in the order of use, with the places of inputs, steps and outputs."""

    rows: list[Row]
    inputs: list[Place]
    steps: list[Place]
    outputs: list


def pack(program: Program, name: str) -> Table:
    """The table of a program. Raises PicklingError if it calls what cannot be pickled."""
    places: dict[Node, Place] = {}
    rows: list[Row] = []
    functions: dict[int, Any] = {}

    def place(arg):
        """The place of a node, which is given one if it has none: constants stand in no list of steps."""
        if type(arg) is not Node:
            return arg
        if arg not in places:
            args = substitute(arg.args, place)
            kwargs = {key: substitute(each, place) for key, each in arg.kwargs.items()}
            function = arg.function
            if function is not None:
                if id(function) not in functions:
                    functions[id(function)] = reference(arg, name)
                function = functions[id(function)]
            value = None if arg.kind == "call" else arg.value
            places[arg] = Place(len(rows))
            rows.append(Row(arg.kind, function, args, kwargs, value, arg.name, arg.errstate, arg.out))
        return places[arg]

    return Table(
        rows, [place(node) for node in program.inputs], [place(node) for node in program.steps],
        [place(output) for output in program.outputs],
    )


def reference(node: Node, name: str) -> Any:
    """What is pickled for the function of a node."""
    function = node.function
    if node.kind == "effect":
        return Named("random", node.name)
    if getattr(wrapped, getattr(function, "__name__", ""), None) is function:
        return Named("wrapped", function.__name__)
    try:
        pickle.dumps(function)
    except Exception as error:
        raise pickle.PicklingError(
            f"the graph of {name} calls {node.name}, which cannot be pickled ({error}). Define it with def at the top "
            "of a module, and without custom derivatives."
        ) from None
    return function


def unpack(table: Table) -> Program:
    """The program of a table, with the values of its steps computed from those of its inputs."""
    nodes: list[Node] = []

    def node_at(arg):
        return nodes[arg.row] if type(arg) is Place else arg

    def value_of(arg):
        return arg.value if type(arg) is Node else arg

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in table.rows:
            function = row.function.find() if type(row.function) is Named else row.function
            args = substitute(row.args, node_at)
            kwargs = {key: substitute(arg, node_at) for key, arg in row.kwargs.items()}
            node = Node(function, args, kwargs, row.value, row.name, row.kind, row.errstate, row.out)
            if row.kind == "call":
                node.value = run_step(node, value_of)
            nodes.append(node)
    return Program(*(list(map(node_at, places)) for places in table[1:]))
