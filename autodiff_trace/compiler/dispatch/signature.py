"""The form of a call's arguments, to which those of later calls have to fit: structure, types, static values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.pytree import tree_flatten
from .arguments import is_leaf
from ..graph.listing import type_text
from ..ir.node import Node

__all__ = ["Form", "Static", "reveal"]

NUMBERS = {"float": "float64[]", "complex": "complex128[]", "int": "int64[]"}
"""Python's numbers, and what stands for them in derivatives."""


class Static:
    """An argument that is passed on as it is, also if it is a number or a container of numbers."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def reveal(arg: Any) -> Any:
    """The argument itself, if it is a static one."""
    return arg.value if type(arg) is Static else arg


class Form:
    """The form of the arguments ``args`` and ``kwargs``, of which those in ``positions`` and ``names`` are static."""

    def __init__(self, args: tuple, kwargs: dict, positions: tuple[int, ...], names: tuple[str, ...]) -> None:
        self.positions = positions
        self.names = names
        leaves, self.structure = tree_flatten(self.prepare(args, kwargs))
        self.statics = [None if is_leaf(leaf) else leaf if type(leaf) is Static else Static(leaf) for leaf in leaves]

    def prepare(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """The arguments with static ones marked, and keywords in a fixed order."""
        return (
            tuple([Static(arg) if i in self.positions else arg for i, arg in enumerate(args)]),
            {name: Static(kwargs[name]) if name in self.names else kwargs[name] for name in sorted(kwargs)},
        )

    def match(self, args: tuple, kwargs: dict, inputs: list[Node], name: str) -> list:
        """The numbers and arrays among the arguments of a call. Raises TypeError unless they are as those traced."""
        leaves, structure = tree_flatten(self.prepare(args, kwargs))
        graph, again = f"the graph of {name}", f"Trace it again for such arguments, or call {name} itself."
        if structure != self.structure:
            raise TypeError(f"{graph} was traced for arguments {self.structure}, but called with {structure}. {again}")
        expected = iter(inputs)
        numbers = []
        for leaf, static in zip(leaves, self.statics, strict=True):
            if static is not None:
                leaf = reveal(leaf)
                if not is_same(leaf, static.value):
                    raise TypeError(f"{graph} was traced with {static.value!r}, where it now gets {leaf!r}. {again}")
                continue
            node = next(expected)
            traced, given = type_text(node.spec), type_text(leaf)
            if NUMBERS.get(traced, traced) != NUMBERS.get(given, given):
                raise TypeError(f"{graph}: argument {node.name} was {traced} when traced, but is {given} now. {again}")
            numbers.append(leaf)
        return numbers


def is_same(x: Any, y: Any) -> bool:
    return x is y or type(x) is type(y) and bool(np.all(x == y))
