"""``vmap``: a function of one example as a function of a batch of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..core.batching import trace_batch
from ..core.pytree import find_container, tree_flatten, tree_unflatten
from ..core.tracebacks import hide_frames
from ..core.tracer import boxers
from ..numpy import wrapped as anp
from ..numpy.array_kinds import holds_box, instead_of, is_array_of_others, operands_of_others
from ..numpy.layouts import keep_layout_of_element
from .border import as_plain_array, describe
from ..core.transformed import Transformed
from ..core.unknown_names import unknown_keyword
from .ownership import detach

__all__ = ["common_size", "spread_axes", "vmap"]


def vmap(fun: Callable, in_axes: Any = 0, out_axes: Any = 0, **unknown: NoReturn) -> Callable:
    """The function that maps ``fun`` over an axis of its arguments, all elements at once.

    Arguments:
        fun: a function of one element. It sees shapes without the mapped axis. Python control flow on mapped values is
            an error: write ``anp.where`` for it.
        in_axes: for each positional argument the axis to map, negative from the end, or None for one that is the same
            for all elements; one number for all of them, or a container of numbers like the argument. Keyword
            arguments that are arrays are mapped along their first axis.
        out_axes: where the mapped axis goes in the output; a number, or a container like the output.

    Returns a function of batches. Its result has one more axis than that of ``fun``.

    Raises ValueError if the mapped axes differ in size, TypeError if nothing is mapped.

    >>> import numpy as np
    >>> vmap(lambda x, y: x @ y, in_axes=(0, None))(np.eye(3), np.arange(3.0))
    array([0., 1., 2.])
    """
    try:
        if unknown:
            raise unknown_keyword("vmap", unknown)
        return Transformed("vmap", apply_vmap, fun, in_axes=in_axes, out_axes=out_axes)
    except Exception as error:
        hide_frames(error)
        raise


def apply_vmap(fun, options, args, kwargs):
    in_axes = options["in_axes"]
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if isinstance(in_axes, tuple) and len(in_axes) != len(args):
        raise ValueError(f"vmap: in_axes has {len(in_axes)} entries, but there are {len(args)} positional arguments.")
    for arg in args:
        if type(arg) in operands_of_others:  # containers of their numbers, which are no rows
            raise TypeError(f"vmap: an argument is {describe(arg)}; hand over an array, {instead_of(arg)}.")
    leaves, structure = tree_flatten((args, kwargs))
    axes = spread_axes("in_axes", in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args), args)
    axes += [
        0 if np.ndim(leaf) and (hasattr(leaf, "dtype") or is_array_of_others(type(leaf))) else None
        for leaf in leaves[len(axes) :]
    ]
    leaves = [leaf if axis is None else as_plain_array("vmap", leaf) for leaf, axis in zip(leaves, axes, strict=True)]
    inputs = list(leaves)
    mapped = [axis is not None and type(leaf) in boxers for leaf, axis in zip(leaves, axes, strict=True)]
    sizes = {}
    for i, (leaf, axis) in enumerate(zip(leaves, axes)):
        if mapped[i]:
            if not -np.ndim(leaf) <= axis < np.ndim(leaf):
                raise ValueError(
                    f"vmap: in_axes has {axis} for an argument of shape {np.shape(leaf)}. Write None there for what is "
                    "the same for all elements."
                )
            inputs[i] = anp.moveaxis(leaf, axis, 0) if axis % leaf.ndim else leaf
            sizes[i] = inputs[i].shape[0]
    size = common_size(sizes, args)
    output_structure = None

    def traced(*values):
        nonlocal output_structure
        for value, is_mapped in zip(values, mapped):
            if is_mapped:
                keep_layout_of_element(value)
        new_args, new_kwargs = tree_unflatten(structure, values)
        outputs, output_structure = tree_flatten(fun(*new_args, **new_kwargs))
        for output in outputs:
            if is_array_of_others(type(output)) and holds_box(output):
                raise TypeError(f"vmap: the function returned {describe(output)}; it must return arrays, x.data.")
        return outputs

    outputs, out_mapped = trace_batch(traced, inputs, mapped, size)
    tree = tree_unflatten(output_structure, outputs)
    out_axes = spread_axes("out_axes", options["out_axes"], tree)
    moved = [place_axis(*each, size) for each in zip(outputs, out_mapped, out_axes, strict=True)]
    return tree_unflatten(output_structure, detach(moved, leaves))


def spread_axes(name: str, axes: Any, tree: Any) -> list:
    """An axis for each leaf of ``tree``, where ``axes`` gives one for whole branches."""
    spread: list = []
    pending = [(axes, tree)]
    while pending:
        axes, tree = pending.pop()
        if axes is None or isinstance(axes, (int, np.integer)):
            spread += [axes] * tree_flatten(tree)[1].count
            continue
        container = find_container(type(tree))
        if container is None or type(axes) is not type(tree):
            raise ValueError(
                f"vmap: {name} has {axes!r} where there is {describe(tree)}. It has an integer there, or None, or a "
                "container of these like the one it is for."
            )
        children, axes_children = (list(container[0](each)[0]) for each in (tree, axes))
        if len(children) != len(axes_children):
            raise ValueError(f"vmap: {name} has {len(axes_children)} entries where there are {len(children)}.")
        pending += reversed(list(zip(axes_children, children)))
    return spread


def common_size(sizes: dict[int, int], args: tuple, name: str = "vmap") -> int:
    """The size of the mapped axes, by the number of the leaf."""
    if not sizes:
        raise TypeError(f"{name}: no argument is mapped: in_axes is None for all, or they hold no arrays.")
    if len(set(sizes.values())) > 1:
        owners = [i for i, arg in enumerate(args) for _ in tree_flatten(arg)[0]]
        found = ", ".join(
            f"{size} (argument {owners[leaf]})" if leaf < len(owners) else f"{size} (a keyword argument)"
            for leaf, size in sizes.items()
        )
        raise ValueError(f"{name}: the mapped axes have different sizes: {found}.")
    return next(iter(sizes.values()))


def place_axis(output: Any, mapped: bool, axis: int | None, size: int) -> Any:
    """The output with its mapped axis at ``axis``; what does not depend on the batch is repeated, but for None."""
    if output is None:
        return None
    if axis is None:
        if mapped:
            raise ValueError("vmap: out_axes is None for an output that differs from element to element.")
        return output
    if not mapped:
        output = anp.broadcast_to(output, (size, *np.shape(output)))
    if not -output.ndim <= axis < output.ndim:
        raise ValueError(f"vmap: out_axes has {axis} for an output of shape {output.shape}, the batch among its axes.")
    return anp.moveaxis(output, 0, axis) if axis % output.ndim else output
