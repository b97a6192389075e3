"""The border of a transformation: from the user's arguments to the leaves that are traced, and back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.foreign import array_types
from ..core.libraries import look_for_libraries
from ..core.pytree import Structure, find_container, tree_flatten, tree_unflatten
from ..core.tracer import boxers, is_box, to_value
from ..numpy import wrapped as anp
from ..numpy.array_kinds import computes_as_array, holds_numbers, instead_of, is_array_of_others
from ..numpy.mutation import call_watching

__all__ = [
    "Selection", "as_number", "as_plain_array", "describe", "flatten_output",
    "instead_of_numbers", "select_arguments", "split_aux", "to_input",
]


def to_input(leaf: Any) -> Any:
    """``leaf`` as a value that can be traced: floating or complex, integers as float64; None if it is no number."""
    kind = type(leaf)
    if kind is np.ndarray and leaf.dtype.kind == "f":  # the commonest first (0.08 instead of 0.35 µs)
        return leaf
    if kind is float or kind is int:
        return np.float64(leaf)
    if kind is complex:
        return np.complex128(leaf)
    if kind is bool:
        return None
    if kind not in boxers:
        look_for_libraries()
    if kind not in boxers:
        if not computes_as_array(kind):
            return None
        leaf = leaf.view(np.ndarray)
    elif hasattr(kind, "to_numpy_scalar"):  # a Python number that a trace outside watches
        leaf = leaf.to_numpy_scalar()
    code = leaf.dtype.kind
    if code in "fc":
        return leaf
    if code in "iu":
        return anp.astype(leaf, np.float64) if is_box(leaf) else leaf.astype(np.float64)
    return None


def as_plain_array(name: str, leaf: Any) -> Any:
    """``leaf``, that of a plain subclass as an array; other arrays cannot be traced."""
    kind = type(leaf)
    if kind in boxers or not is_array_of_others(kind) or not np.ndim(leaf):
        return leaf
    if computes_as_array(kind):
        return leaf.view(np.ndarray)
    raise TypeError(f"{name}: an argument is {describe(leaf)}; hand over an array, {instead_of(leaf)}.")


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
        return call_watching(self.inputs, fun, args, kwargs)

    def result(self, values: Sequence) -> Any:
        """Containers like the selected arguments that hold ``values``, and None where the leaf is no number."""
        leaves: list[Any] = [None] * len(self.leaves)
        for i, value in zip(self.numeric, values, strict=True):
            leaves[i] = value
        trees = tree_unflatten(self.structure, leaves)
        if self.single:
            return trees[0]
        return dict(zip(self.named, trees)) if self.named else trees


class OneLeaf(Selection):
    """The commonest selection: one argument, a number or an array (2 instead of 5 µs a call)."""

    __slots__ = ()

    def __init__(self, args, kwargs, key, value):
        super().__init__(args, kwargs, [key], True, ())
        self.leaves = [args[key]]
        self.structure = ONE_LEAF
        self.numeric = [0]
        self.inputs = [value]

    def call(self, fun, values):
        args = list(self.args)
        args[self.keys[0]] = values[0]
        return call_watching(self.inputs, fun, args, self.kwargs)

    def result(self, values):
        return values[0]


ONE_LEAF = tree_flatten((0.0,))[1]


def select_arguments(
    name: str,
    fun: Callable,
    args: tuple,
    kwargs: dict,
    argnums: int | Sequence[int] | None,
    argnames: str | Sequence[str] | None = None,
) -> Selection:
    """Select arguments of a call ``fun(*args, **kwargs)`` by position or by name.

    Raises TypeError where an argument is missing or holds no number, or is named twice. ``name`` is the
    transformation, for the message.
    """
    if argnames is None and type(argnums) is int and -len(args) <= argnums < len(args):
        value = to_input(args[argnums])
        if value is not None:
            return OneLeaf(args, kwargs, argnums % len(args), value)
    keys: list[int | str]
    named: tuple[str, ...] = ()
    if argnames is not None:
        if argnums != 0:
            raise TypeError(f"{name}: argnums={argnums!r} and argnames={argnames!r}; give one of the two.")
        single = isinstance(argnames, str)
        named = (argnames,) if isinstance(argnames, str) else tuple(argnames)
        keys = [find_argument(name, fun, args, kwargs, each) for each in named]
    else:
        single = not isinstance(argnums, (tuple, list))
        keys = [argnums] if single else list(argnums)
        for i, key in enumerate(keys):
            if not -len(args) <= key < len(args):
                hint = f" (and {', '.join(kwargs)} by name, for argnames)" if kwargs else ""
                raise TypeError(f"{name}: argnums={argnums!r}, but the call has {count_arguments(args)}{hint}.")
            keys[i] = key % len(args)
    if len(set(keys)) < len(keys):
        raise TypeError(f"{name}: {argnums if argnames is None else argnames!r} selects an argument twice.")
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
            check_numbers(name, key, tree)
        if tree_flatten(trees)[1] != selection.structure:  # a leaf has become a container when it was looked at
            return select_arguments(name, fun, args, kwargs, argnums, argnames)
    return selection


def find_argument(name: str, fun: Callable, args: tuple, kwargs: dict, argname: str) -> int | str:
    """Where the argument called ``argname`` is in a call: a position, or its name if it was passed by keyword."""
    if argname in kwargs:
        return argname
    try:
        parameters = inspect.signature(fun).parameters
    except ValueError:  # some C functions have none
        raise TypeError(
            f"{name}: argnames has {argname!r}, but the function does not tell the names of its arguments. Pass it by "
            "name, or use argnums."
        ) from None
    if argname not in parameters:
        raise TypeError(f"{name}: argnames has {argname!r}, but the arguments are {', '.join(parameters)}.")
    positional = [p.name for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if argname not in positional[: len(args)]:
        raise TypeError(f"{name}: argument {argname!r} was not passed: give it a value to differentiate at.")
    return positional.index(argname)


def count_arguments(args: tuple) -> str:
    return "one positional argument" if len(args) == 1 else f"{len(args)} positional arguments"


def check_numbers(name: str, key: int | str, tree: Any) -> None:
    """Raise TypeError for an argument without numbers, and for arrays of numbers that cannot be traced."""
    leaves, _ = tree_flatten(tree)
    for leaf in leaves:
        if instead := instead_of_numbers(leaf):
            has = "is" if leaf is tree else "holds"
            raise TypeError(
                f"{name}: argument {key!r} {has} {describe(leaf)}; differentiate with respect to numbers or arrays, "
                f"{instead}."
            )
    leaves, _ = tree_flatten(tree)
    if leaves and not any(to_input(leaf) is not None for leaf in leaves):
        is_object = len(leaves) == 1 and leaves[0] is tree and hasattr(tree, "__dict__") and not callable(tree)
        more = (
            f", or containers of them: register_pytree({type(tree).__name__}, flatten, unflatten) makes its class one; "
            "argnums selects another argument"
        ) if is_object else ""
        raise TypeError(
            f"{name}: argument {key!r} is {describe(tree)}; differentiate with respect to numbers or arrays{more}."
        )


def instead_of_numbers(leaf: Any) -> str | None:
    """What to write for a leaf of numbers that cannot be traced; None for others."""
    is_other = to_input(leaf) is None and (instead := instead_of(leaf)) is not None
    return instead if is_other and find_container(type(leaf)) is None and holds_numbers(leaf) else None


def describe(value: Any) -> str:
    """'a list of str', 'a bool', 'an array of dtype bool': for messages."""
    if value is None:
        return "None"
    kind = type(value)
    if kind is np.ndarray or is_box(value):
        return f"an array of dtype {value.dtype}"
    if kind in array_types:
        return f"{'an' if kind.__name__[0].lower() in 'aeiou' else 'a'} {kind.__name__} of dtype {value.dtype}"
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    inner = f" of {type(to_value(items[0])).__name__}" if items else ""
    return f"{'an' if kind.__name__[0].lower() in 'aeiou' else 'a'} {kind.__name__}{inner}"


def flatten_output(name: str, output: Any) -> tuple[list, Structure]:
    """The leaves of what the user's function returned, each a number or an array."""
    leaves, structure = tree_flatten(output)
    message = f"{name}: the function returned {{}}; it must return numbers or arrays{{}}."
    return [as_number(leaf, message) for leaf in leaves], structure


def as_number(leaf: Any, message: str) -> Any:
    """``leaf``, a number or an array of numbers, as a plain one.

    Raises TypeError for others; ``message`` has places for what it is and what to write instead.
    """
    if type(leaf) not in boxers and computes_as_array(type(leaf)):
        leaf = np.array(leaf)
    if type(leaf) not in boxers or getattr(getattr(leaf, "dtype", None), "kind", "f") not in "biufc":
        instead = instead_of(to_value(leaf))
        raise TypeError(message.format(describe(leaf), f", {instead}" if instead else ""))
    return leaf


def split_aux(name: str, output: Any) -> tuple[Any, Any]:
    """``(value, aux)`` as a function with ``has_aux=True`` returns it."""
    if not isinstance(output, tuple) or len(output) != 2:
        raise TypeError(f"{name}: has_aux=True, but the function returned {describe(output)}, not (value, aux).")
    return output
