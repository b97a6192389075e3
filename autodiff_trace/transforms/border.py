"""The border of a transformation: from the user's arguments to the leaves that are traced, and back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.pytree import Structure, tree_flatten, tree_unflatten
from ..core.tracer import boxers, is_box
from ..numpy import wrapped as anp

__all__ = ["Selection", "describe", "flatten_output", "select_arguments", "to_input"]


def to_input(leaf: Any) -> Any:
    """``leaf`` as a value that can be traced: floating or complex, integers as float64; None if it is no number."""
    kind = type(leaf)
    if kind is float:
        return np.float64(leaf)
    if kind is int:
        return np.float64(leaf)
    if kind is complex:
        return np.complex128(leaf)
    if isinstance(leaf, np.ndarray) and kind is not np.ndarray:
        leaf = leaf.view(np.ndarray)
    elif kind not in boxers or kind is bool:
        return None
    code = leaf.dtype.kind
    if code in "fc":
        return leaf
    if code in "iu":
        return anp.astype(leaf, np.float64) if is_box(leaf) else leaf.astype(np.float64)
    return None


class Selection:
    """The arguments that a transformation works on: their traced leaves, and how to put other leaves in their place."""

    __slots__ = ("args", "kwargs", "keys", "single", "named", "leaves", "numeric", "structure", "inputs")

    def __init__(self, args, kwargs, keys, single, named):
        self.args = args
        self.kwargs = kwargs
        self.keys = keys
        self.single = single
        self.named = named

    def call(self, fun: Callable, values: Sequence) -> Any:
        """``fun`` of the arguments with ``values`` in the place of the traced leaves."""
        leaves = list(self.leaves)
        for i, value in zip(self.numeric, values, strict=True):
            leaves[i] = value
        trees = tree_unflatten(self.structure, leaves)
        args = list(self.args)
        kwargs = dict(self.kwargs)
        for key, tree in zip(self.keys, trees, strict=True):
            (kwargs if isinstance(key, str) else args)[key] = tree
        return fun(*args, **kwargs)

    def result(self, values: Sequence) -> Any:
        """Containers like the selected arguments that hold ``values``, and None where the leaf is no number."""
        leaves: list[Any] = [None] * len(self.leaves)
        for i, value in zip(self.numeric, values, strict=True):
            leaves[i] = value
        trees = tree_unflatten(self.structure, leaves)
        if self.single:
            return trees[0]
        return dict(zip(self.named, trees)) if self.named else trees


def select_arguments(
    name: str,
    fun: Callable,
    args: tuple,
    kwargs: dict,
    argnums: int | Sequence[int] | None,
    argnames: str | Sequence[str] | None = None,
) -> Selection:
    """Select arguments of a call ``fun(*args, **kwargs)`` by position or by name.

    Raises TypeError where an argument is missing or holds no number. ``name`` is the transformation, for the message.
    """
    keys: list[int | str]
    named: tuple[str, ...] = ()
    if argnames is not None:
        single = isinstance(argnames, str)
        named = (argnames,) if isinstance(argnames, str) else tuple(argnames)
        keys = [find_argument(name, fun, args, kwargs, each) for each in named]
    else:
        single = not isinstance(argnums, (tuple, list))
        keys = [argnums] if single else list(argnums)
        for i, key in enumerate(keys):
            if not isinstance(key, (int, np.integer)) or not -len(args) <= key < len(args):
                raise TypeError(f"{name}: argnums={argnums!r}, but the call has {len(args)} positional arguments.")
            keys[i] = key % len(args)
    selection = Selection(args, kwargs, keys, single, named)
    trees = tuple([kwargs[key] if isinstance(key, str) else args[key] for key in keys])
    selection.leaves, selection.structure = tree_flatten(trees)
    selection.numeric = []
    selection.inputs = []
    for i, leaf in enumerate(selection.leaves):
        value = to_input(leaf)
        if value is not None:
            selection.numeric.append(i)
            selection.inputs.append(value)
    if len(selection.numeric) < len(selection.leaves):
        for key, tree in zip(keys, trees):
            check_has_number(name, key, tree)
    return selection


def find_argument(name: str, fun: Callable, args: tuple, kwargs: dict, argname: str) -> int | str:
    """Where the argument called ``argname`` is in a call: a position, or its name if it was passed by keyword."""
    if argname in kwargs:
        return argname
    parameters = list(inspect.signature(fun).parameters)
    if argname not in parameters:
        found = ", ".join(parameters)
        raise TypeError(f"{name}: argnames has {argname!r}, but the function has the arguments {found}.")
    if parameters.index(argname) >= len(args):
        raise TypeError(f"{name}: argument {argname!r} was not passed: give it a value to differentiate at.")
    return parameters.index(argname)


def check_has_number(name: str, key: int | str, tree: Any) -> None:
    leaves, _ = tree_flatten(tree)
    if leaves and not any(to_input(leaf) is not None for leaf in leaves):
        raise TypeError(
            f"{name}: argument {key!r} is {describe(tree)}; differentiate with respect to numbers or arrays."
        )


def describe(value: Any) -> str:
    """'a list of str', 'a bool', 'an array of dtype bool': for messages."""
    if isinstance(value, (list, tuple)) and value:
        return f"a {type(value).__name__} of {type(value[0]).__name__}"
    if isinstance(value, np.ndarray) or is_box(value):
        return f"an array of dtype {value.dtype}"
    return f"a {type(value).__name__}" if value is not None else "None"


def flatten_output(name: str, output: Any) -> tuple[list, Structure]:
    """The leaves of what the user's function returned, each a number or an array."""
    leaves, structure = tree_flatten(output)
    for leaf in leaves:
        if type(leaf) not in boxers:
            raise TypeError(f"{name}: the function returned {describe(leaf)}; it must return numbers or arrays.")
    return leaves, structure
