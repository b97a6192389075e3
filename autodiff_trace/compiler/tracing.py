"""Tracing: run a function once on the values it was called with, and list what it did."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.pytree import Structure, find_container, tree_flatten, tree_unflatten
from ..core.tracer import boxers
from .arguments import is_leaf
from .node import Node, Program
from .record import NotReplayable, RecordTrace, check_constants
from .surroundings import Surroundings

__all__ = ["Recording", "record"]

STATICS = (bool, str, bytes, type(None), np.dtype, type)


class Recording(NamedTuple):
    """What one run of a function gave.

    ``result`` is what it returned, plain. ``program`` is None where no replay can repeat the run; ``reason`` says why.
    """

    result: Any
    program: Program | None
    structure: Structure | None
    reason: str = ""


def record(fun: Callable, args: tuple, kwargs: dict, surroundings: Surroundings) -> Recording:
    """Run ``fun`` on boxes of the numbers and arrays among its arguments. Raises NotReplayable if it got nowhere."""
    trace = RecordTrace()
    names = iter(leaf_names(fun, args, kwargs))
    inputs = []

    def to_box(leaf):
        if not is_leaf(leaf):
            return leaf
        box = trace.input(leaf, next(names))
        inputs.append(box._node)
        return box

    leaves, structure = tree_flatten((args, kwargs))
    before = [*surroundings.generator_states(), python_random_state(), numpy_random_state()]
    new_args, new_kwargs = tree_unflatten(structure, [to_box(leaf) for leaf in leaves])
    trace.start()
    try:
        output = fun(*new_args, **new_kwargs)
        output_leaves, output_structure = tree_flatten(output)
        nodes = [trace.node_of(leaf) for leaf in output_leaves]
        values = [trace.value_of(leaf) for leaf in output_leaves]
        reason = ""
    finally:
        trace.end()
    result = tree_unflatten(output_structure, map(own, values, nodes))
    try:
        check_constants(trace.contents)
        check_outputs(values)
        after = [*surroundings.generator_states(), python_random_state(), numpy_random_state()]
        if trace.draws:  # of NumPy's own generator, as the trace has seen
            del before[-1], after[-1]
        if before != after:
            raise NotReplayable(
                "it draws random numbers that the trace does not see; draw with autodiff_trace.numpy.random, or outside"
            )
        if trace.raised is not None:
            raise NotReplayable(f"it caught an error, {trace.raised!r}; test for its cause instead")
    except NotReplayable as error:
        return Recording(result, None, None, str(error))
    return Recording(result, Program(inputs, trace.steps, nodes), output_structure, reason)


def own(value: Any, node: Any) -> Any:
    """An output; a constant array is copied, so that whoever changes it does not change the program."""
    return value.copy() if type(node) is Node and node.kind == "constant" else value


def check_outputs(values: list) -> None:
    for value in values:
        if type(value) not in boxers and not isinstance(value, STATICS):
            raise NotReplayable(f"it returned a {type(value).__name__}, which may be another one in each call")


def python_random_state() -> Any:
    """The state of the module ``random``, if it has been loaded."""
    module = sys.modules.get("random")
    return module and module.getstate()


def numpy_random_state() -> Any:
    """The state of the generator behind the functions of ``numpy.random``, if it has been loaded."""
    if "numpy.random" not in sys.modules:
        return None
    _, words, position, *_ = np.random.get_state()
    return words.tobytes(), position


def leaf_names(fun: Callable, args: tuple, kwargs: dict) -> list[str]:
    """For each number or array among the arguments the name of its parameter, with its place in a container."""
    try:
        parameters = [p.name for p in inspect.signature(fun).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        parameters = []
    parameters += [f"arg{i}" for i in range(len(parameters), len(args))]
    names: list[str] = []
    for parameter, arg in (*zip(parameters, args), *kwargs.items()):
        name_leaves(parameter, arg, names)
    return names


def name_leaves(name: str, tree: Any, names: list[str]) -> None:
    container = find_container(type(tree))
    if container is None:
        if is_leaf(tree):
            names.append(name)
        return
    children, extra = container[0](tree)
    children = list(children)
    keys = extra[-len(children):] if isinstance(extra, tuple) and children else range(len(children))
    for key, child in zip(keys, children):
        name_leaves(f"{name}_{key}", child, names)
