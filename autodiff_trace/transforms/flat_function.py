"""The user's function as the traces see it: from a list of leaves to a list of leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..core.array_ops import array_ops
from ..core.pytree import tree_flatten, tree_unflatten
from .border import Selection, flatten_output, split_aux
from .ownership import detach, own_constant

__all__ = ["FlatFunction", "fill_zeros"]


class FlatFunction:
    """The user's function from the selected leaves to a list of output leaves, those of ``aux`` last.

    After a call, ``count`` says how many leaves are the output's.
    """

    def __init__(self, name: str, fun: Callable, selection: Selection, has_aux: bool) -> None:
        self.name = name
        self.fun = fun
        self.selection = selection
        self.has_aux = has_aux

    def __call__(self, *values: Any) -> list:
        output, aux = self.selection.call(self.fun, values), None
        if self.has_aux:
            output, aux = split_aux(self.name, output)
        leaves, self.structure = flatten_output(self.name, output)
        aux_leaves, self.aux_structure = tree_flatten(aux)
        self.count = len(leaves)
        return list(map(own_constant, leaves + aux_leaves))

    def output(self, leaves: list) -> Any:
        """The container of ``leaves``, one for each leaf of the output."""
        return tree_unflatten(self.structure, leaves)

    def with_aux(self, *results: Any, values: list) -> Any:
        """The results, followed by the auxiliary output if there is one; ``values`` are the leaves of the call."""
        if self.has_aux:
            aux = detach(values[self.count :], self.selection.args, self.selection.kwargs)
            results = (*results, tree_unflatten(self.aux_structure, aux))
        return results if len(results) > 1 else results[0]


def fill_zeros(values: Iterable, terms: Iterable) -> list:
    """The tangents or cotangents of ``values``, with zeros where there is none."""
    return [array_ops.zeros_like(x)[()] if term is None else term for x, term in zip(values, terms)]
