"""A function run once in reverse or forward mode, on an argument that may be a container: what the operators share."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import backward
from ..core.errors import TracedValueError, is_users_file
from ..core.forward import trace_jvp
from ..core.infinitesimals import settled
from ..core.pytree import Structure, tree_flatten, tree_unflatten
from ..core.reverse import trace_vjp
from ..core.tracer import box_classes, boxers, spent_constant
from ..numpy import wrapped as anp
from ..numpy.mutation import call_watching
from ..numpy.plain_arrays import gives_objects
from ..numpy.rebinding import rebinds_shared
from ..transforms.border import to_input
from ..transforms.ownership import own_constant, own_value, separate
from .containers import Place, pick
from .vspaces import VSpace, dense, ready, vspace

__all__ = [
    "Recording", "call_as_autograd", "flatten", "push", "take_leaf", "take_output", "unflatten",
    "warn_of_independence",
]


ONE = np.float64(1.0)


def flatten(x: Any) -> tuple[list, Structure | None]:
    """The leaves of a container, and its structure: None of a number or array (1 µs less)."""
    return ([x], None) if type(x) in boxers else tree_flatten(x)


def unflatten(structure: Structure | None, leaves: Sequence) -> Any:
    return leaves[0] if structure is None else tree_unflatten(structure, leaves)


def take_leaf(leaf: Any) -> Any:
    """A leaf of an argument as a value that can be traced.

    Raises TypeError for what is no floating-point number or array, nor of a type that is registered.
    """
    kind = type(leaf)
    if kind in box_classes or kind is np.ndarray and leaf.dtype.kind in "fc":
        return leaf
    if kind not in VSpace.mappings or kind not in boxers:
        hint = ": write it as a float, 1.0" if isinstance(leaf, (int, np.integer)) else ""
        raise TypeError(f"Can't differentiate w.r.t. type {kind}{hint}.")
    return to_input(leaf) if kind is np.ndarray or isinstance(leaf, (float, complex, np.inexact)) else leaf


def call_as_autograd(fun: Callable, *args: Any, **kwargs: Any) -> Any:
    tokens = rebinds_shared.set(True), gives_objects.set(True)
    try:
        return fun(*args, **kwargs)
    finally:
        rebinds_shared.reset(tokens[0])
        gives_objects.reset(tokens[1])


def take_output(output: Any) -> tuple[list, Structure | None]:
    """The leaves of what a function returned, values of traces that have ended as constants, and its structure.

    Raises TracedValueError for a value with boxes of its own trace in it.
    """
    leaves, structure = flatten(output)
    leaves = list(map(spent_constant, leaves))
    for x in leaves:
        if type(x) in box_classes and is_mixed(x):
            raise TracedValueError(
                "an array of objects, np.array([x]) of a traced x, met a traced array, which would drop its "
                "derivative: write anp.array([x])."
            )
    return leaves, structure


def is_mixed(x: Any) -> bool:
    """Whether the value in a box has boxes of the same trace in it."""
    value = x._value
    if type(value) is np.ndarray:
        return value.dtype.kind == "O" and any(type(item) in box_classes for item in value.flat)
    return type(value) in box_classes and value._trace.level >= x._trace.level


def warn_of_independence() -> None:
    """Warn at the user's line that the derivative is zero because nothing is differentiated."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and not is_users_file(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    warnings.warn("Output seems independent of input.", stacklevel=level)


def call_on_leaves(fun: Callable, inputs: Sequence, structure: Structure | None, boxes: Sequence) -> tuple[list, Any]:
    """The leaves of ``fun`` of a container with ``boxes`` of ``inputs``, under autograd's habits, and its structure."""
    for box in boxes[:1]:
        box._trace.leaves_constants = True
    output = call_watching(inputs, call_as_autograd, (fun, unflatten(structure, boxes)), {})
    leaves, output_structure = take_output(output)
    return list(map(own_constant, leaves)), output_structure


class Recording:
    """``fun(x)`` recorded: its value, and the cotangents of ``x``.

    ``is_reused``: the graph is read more than once, or later, when the caller may have changed arrays.
    """

    def __init__(self, fun: Callable, x: Any, is_reused: bool = True) -> None:
        leaves, self.structure = flatten(x)
        self.inputs = list(map(take_leaf, leaves))
        if is_reused:
            self.inputs = list(map(own_value, self.inputs))

        def traced(*boxes):
            outputs, self.output_structure = call_on_leaves(fun, self.inputs, self.structure, boxes)
            return outputs

        self.values, self.nodes, self.input_nodes = trace_vjp(traced, self.inputs)
        if self.nodes.count(None) == len(self.nodes):
            warn_of_independence()

    def output(self) -> Any:
        """The value of the function, in memory of its own."""
        values = separate(list(map(own_value, self.values)), self.inputs)
        return settled(unflatten(self.output_structure, values))

    def has_one_real_number(self) -> bool:
        """Whether the function returned a real scalar, or an array of one element."""
        if len(self.values) != 1:
            return False
        value = self.values[0]
        return type(value) is np.float64 or vspace(value).size == 1

    def pull(self, g: Any) -> Any:
        """The cotangent of ``x`` from that of the output, in which None stands for zeros, of a whole container as well.
        """
        given, structure = flatten(dense(g))
        if any(each is None for each in given):
            given, structure = self.leaves_of(g), self.output_structure
        if structure != self.output_structure:
            raise TypeError(f"the cotangent has the structure {structure}, but the output {self.output_structure}.")
        cotangents = [None if each is None else cotangent_like(each, value) for each, value in zip(given, self.values)]
        return self.pull_leaves(cotangents, given)

    def leaves_of(self, g: Any) -> list:
        """The leaves of a cotangent that has None in the place of some containers."""
        picked: dict[int, Any] = {}
        pick(unflatten(self.output_structure, list(map(Place, range(len(self.values))))), g, picked)
        return [picked.get(i) for i in range(len(self.values))]

    def pull_ones(self, count: int | None = None) -> Any:
        """The gradient of the sum of the outputs, or of the first ``count``. The graph is used up."""
        followed = self.values[:count]
        self.values = None
        return self.pull_leaves(list(map(ones_of, followed)), (), is_last=True)

    def pull_leaves(self, cotangents: Sequence, given: Sequence, is_last: bool = False) -> Any:
        seeds = [(node, g) for node, g in zip(self.nodes, cotangents) if node is not None and g is not None]
        if is_last:  # the backward pass lets go of each node as it leaves it
            self.nodes = None
        reached = backward.backward_pass(seeds, self.input_nodes)
        results = [zeros_of(x) if g is None else g for x, g in zip(self.inputs, reached)]
        return settled(unflatten(self.structure, separate(results, given)))


def ones_of(x: Any) -> Any:
    if type(x) is np.float64:
        return ONE
    if type(x) is np.ndarray and x.dtype.kind == "f":  # 0.5 instead of 5 µs
        ones = np.empty(x.shape, x.dtype)
        ones.fill(1.0)
        return ones[()]
    return vspace(x).ones() if anp.iscomplexobj(x) else anp.ones_like(x)[()]


def zeros_of(x: Any) -> Any:
    zeros = vspace(x).zeros()
    return zeros[()] if type(zeros) is np.ndarray and not zeros.shape else zeros


def cotangent_like(g: Any, value: Any) -> Any:
    """A cotangent of ``value``, of its shape."""
    if type(value) not in box_classes and not hasattr(value, "dtype") and type(value) not in (float, complex, int):
        return ready(g)
    if not hasattr(g, "dtype"):
        g = anp.array(g)[()] if isinstance(g, (list, tuple)) else np.asarray(g, np.result_type(type(g)))[()]
    shape = np.shape(value)
    return g if g.shape == shape else anp.broadcast_to(g, shape)


def push(fun: Callable, x: Any, t: Any) -> tuple[Any, Any]:
    """The value of ``fun`` at ``x``, and its tangent along ``t``."""
    leaves, structure = flatten(x)
    inputs = list(map(take_leaf, leaves))
    given, tangent_structure = flatten(dense(t))
    if tangent_structure != structure:
        raise TypeError(f"the tangent has the structure {tangent_structure}, but the argument {structure}.")
    tangents = list(map(cotangent_like, given, inputs))
    output_structure = None

    def traced(*boxes):
        nonlocal output_structure
        outputs, output_structure = call_on_leaves(fun, inputs, structure, boxes)
        return outputs

    values, pushed = trace_jvp(traced, inputs, tangents)
    if all(t is None for t in pushed):
        warn_of_independence()
    results = [zeros_of(value) if each is None else each for value, each in zip(values, pushed)]
    both = separate([*values, *results], [*inputs, *tangents])
    halves = both[: len(values)], both[len(values) :]
    return settled(tuple([unflatten(output_structure, half) for half in halves]))
