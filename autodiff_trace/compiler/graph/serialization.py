"""Saving: a program as a table that pickles. Values of steps are not saved, but computed again."""

from __future__ import annotations

import importlib
import pickle
import sys
import warnings
from typing import Any, NamedTuple

import numpy as np

from .interpreter import run_step
from ..ir.node import Node, Program, substitute

__all__ = ["pack", "reference", "unpack"]

PACKAGE = __name__.partition(".")[0] + "."


class Row(NamedTuple):
    """A node, with places for the nodes among its arguments; the value is None where it is computed again."""

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
    """Stands for a function that a module has under another name than the function says."""

    module: str
    name: str

    def find(self) -> Any:
        return getattr(importlib.import_module(self.module), self.name)


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
    references: dict[int, Any] = {}

    def refer(function, shown):
        if id(function) not in references:
            references[id(function)] = reference(function, shown, name)
        return references[id(function)]

    def place(arg):
        """The place of a node, which is given one if it has none: constants stand in no list of steps."""
        if type(arg) is not Node:
            return refer(arg, getattr(arg, "__name__", repr(arg))) if callable(arg) else arg
        if arg not in places:
            args = substitute(arg.args, place)
            kwargs = {key: substitute(each, place) for key, each in arg.kwargs.items()}
            function = Named("numpy.random", arg.name) if arg.kind == "effect" else place_function(arg)
            value = None if arg.kind == "call" else arg.value
            places[arg] = Place(len(rows))
            rows.append(Row(arg.kind, function, args, kwargs, value, arg.name, arg.errstate, arg.out))
        return places[arg]

    def place_function(node):
        return None if node.function is None else refer(node.function, node.name)

    return Table(
        rows, [place(node) for node in program.inputs], [place(node) for node in program.steps],
        [place(output) for output in program.outputs],
    )


def reference(function: Any, shown: str, name: str) -> Any:
    """What is pickled for a function: itself, or where this package has it."""
    try:
        pickle.dumps(function)
        return function
    except Exception as error:
        for module_name, module in list(sys.modules.items()):
            if module_name.startswith(PACKAGE):
                for attribute, value in vars(module).items():
                    if value is function:
                        return Named(module_name, attribute)
        raise pickle.PicklingError(
            f"the graph of {name} calls {shown}, which cannot be pickled ({error}). Define it with def at the top of a "
            "module, and without custom derivatives."
        ) from None


def unpack(table: Table) -> Program:
    """The program of a table, with the values of its steps computed from those of its inputs."""
    nodes: list[Node] = []

    def node_at(arg):
        if type(arg) is Named:
            return arg.find()
        return nodes[arg.row] if type(arg) is Place else arg

    def value_of(arg):
        return arg.value if type(arg) is Node else arg

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in table.rows:
            function = node_at(row.function)
            args = substitute(row.args, node_at)
            kwargs = {key: substitute(arg, node_at) for key, arg in row.kwargs.items()}
            value = row.value
            if row.kind == "call":
                value = run_step(Node(function, args, kwargs, None, row.name, "call", row.errstate), value_of)
            nodes.append(Node(function, args, kwargs, value, row.name, row.kind, row.errstate, row.out))
    return Program(*(list(map(node_at, places)) for places in table[1:]))
