"""The user's function as the traces see it: from a list of leaves to a list of leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..core.array_ops import array_ops
from ..core import backward
from ..core.foreign import array_types, is_foreign, to_foreign
from ..core.forward import trace_jvp
from ..core.infinitesimals import settle
from ..core.pytree import tree_flatten, tree_unflatten
from ..core.reverse import trace_vjp
from .border import Selection, flatten_output, select_arguments, split_aux
from .ownership import detach, own_constant

__all__ = ["FlatFunction", "fill_zeros", "of_its_library"]

ZERO = np.float64(0.0)


class FlatFunction:
    """The user's function from the selected leaves to a list of output leaves, those of ``aux`` last.

    After a call, ``count`` says how many leaves are the output's; after ``record`` or ``push`` they are in ``values``.
    """

    def __init__(self, name: str, fun: Callable, selection: Selection, has_aux: bool) -> None:
        self.name = name
        self.fun = fun
        self.selection = selection
        self.inputs = selection.inputs
        self.has_aux = has_aux

    @classmethod
    def of_call(cls, name: str, fun: Callable, options: dict, args: tuple, kwargs: dict) -> FlatFunction:
        """That of a call of a transformation with these options."""
        selection = select_arguments(name, fun, args, kwargs, options["argnums"], options["argnames"])
        return cls(name, fun, selection, options["has_aux"])

    def __call__(self, *values: Any) -> list:
        output, aux = self.selection.call(self.fun, values), None
        if self.has_aux:
            output, aux = split_aux(self.name, output)
        leaves, self.structure = flatten_output(self.name, output)
        aux_leaves, self.aux_structure = tree_flatten(aux)
        self.count = len(leaves)
        return list(map(own_constant, leaves + aux_leaves))

    def record(self) -> None:
        """Run it in reverse mode, and keep ``values``, of which the first ``count`` are the ``outputs``."""
        self.values, self.nodes, self.input_nodes = trace_vjp(self, self.inputs)

    @property
    def outputs(self) -> list:
        return self.values[: self.count]

    def pull(self, *cotangents: Any) -> list:
        """The cotangents of the inputs from those of the first outputs; None is zero."""
        if array_types:
            cotangents = tuple(map(of_its_library, self.values, cotangents))
        seeds = [(node, g) for node, g in zip(self.nodes, cotangents) if node is not None and g is not None]
        return fill_zeros(self.inputs, backward.backward_pass(seeds, self.input_nodes))

    def push(self, *tangents: Any) -> tuple[list, list]:
        """Run it in forward mode: the outputs and their tangents; None is zero."""
        self.values, pushed = trace_jvp(
            self, self.inputs, list(map(of_its_library, self.inputs, tangents)) if array_types else tangents
        )
        return self.outputs, fill_zeros(self.outputs, pushed)

    def output(self, leaves: list) -> Any:
        """The container of ``leaves``, one for each leaf of the output."""
        return tree_unflatten(self.structure, leaves)

    def with_aux(self, *results: Any) -> Any:
        """The results, followed by the auxiliary output if there is one."""
        if self.has_aux:
            aux = detach(self.values[self.count :], self.selection.args, self.selection.kwargs)
            results = (*results, tree_unflatten(self.aux_structure, aux))
        return results if len(results) > 1 else results[0]


def fill_zeros(values: Iterable, terms: Iterable) -> list:
    """The tangents or cotangents of ``values``, with zeros where there is none."""
    filled = [zeros_of(x) if term is None else term for x, term in zip(values, terms)]
    return [conformed(x, term) for x, term in zip(values, filled)] if array_types else filled


def zeros_of(x: Any) -> Any:
    kind = type(x)
    if kind is np.float64:  # the commonest first (0.1 and 0.4 instead of 5 µs)
        return ZERO
    if kind is np.ndarray and x.ndim and x.flags.c_contiguous:
        return np.zeros(x.shape, x.dtype)
    return array_ops.zeros_like(x)[()]


def conformed(x: Any, term: Any) -> Any:
    """``term``, the tangent or cotangent of ``x``, with what an array of another library has beside shape and dtype."""
    if type(x) in array_types:
        term = settle(of_its_library(x, term))
        return array_types[type(x)].conform(term, x) if type(term) in array_types else term
    if type(x) is not np.ndarray or type(term) is np.ndarray:
        return term
    kind = array_types.get(type(plain := settle(term)))
    return kind.conform(plain, x) if kind is not None and kind.mixes else term


def of_its_library(x: Any, term: Any) -> Any:
    """``term``, the tangent or cotangent of ``x``, as a value of the foreign trace where ``x`` is one; so a number, and
    the ones and zeros of a Jacobian."""
    if type(term) in array_types:
        return to_foreign(term)
    is_of_numpy = term is not None and is_foreign(x) and not is_foreign(term)
    return array_ops.zeros_like(to_foreign(x)) + term if is_of_numpy else term
