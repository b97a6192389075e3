"""The back end of NumPy, the reference: any program as Python source that calls NumPy, and the regions in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ....core.pytree import Structure, fields_of, tree_unflatten
from ...ir.node import Program
from ...ir.memory import Memory
from .emit import emit
from .executable import Executable

__all__ = ["compile_source"]

DEEPEST = 40
"""Containers in one another that programs spell; Python's parser allows some hundred brackets."""


def compile_source(
    program: Program, structure: Structure, memory: Memory, name: str, trusting: bool = False,
) -> Executable:
    """The program as what can be run, with its outputs in a container of this structure.

    ``memory`` says which results are written into memory that is kept between runs. ``name`` is the user's for the
    function. One that is ``trusting`` raises NotFinite where something is infinite or NaN.
    """
    objects: dict[str, Any] = {}
    source = emit(program, memory, partial(container_text, structure, objects), name)
    return Executable(source._replace(names={**source.names, **objects}), memory.buffers, trusting)


def container_text(structure: Structure, objects: dict[str, Any], leaves: list[str]) -> str:
    """The expression for a container with these expressions as leaves; what it refers to is put into ``objects``."""
    text = display(structure, objects, iter(leaves))
    if text is None:
        objects["unflatten"] = partial(tree_unflatten, structure)
        return f"unflatten([{', '.join(leaves)}])"
    return text


def display(structure: Structure, objects: dict[str, Any], texts: Iterator[str], depth: int = 0) -> str | None:
    """The container as Python displays it; None if it is none of lists, tuples, named ones, and dicts of strings, or
    too deep."""
    if structure.kind is None:
        return next(texts)
    children = structure.children
    inner = [display(child, objects, texts, depth + 1) for child in children] if depth < DEEPEST else [None]
    if None in inner:
        return None
    if structure.kind is list:
        return f"[{', '.join(inner)}]"
    if structure.kind is tuple:
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    if structure.kind is dict and all(type(key) is str for key in structure.extra):
        return "{" + ", ".join(f"{key!r}: {value}" for key, value in zip(structure.extra, inner)) + "}"
    if issubclass(structure.kind, tuple) and fields_of(structure.kind):  # a state of Adam: 3 µs less than unflatten
        make, name = structure.kind._make, f"__make_{structure.kind.__name__}"  # no value is called so
        if objects.setdefault(name, make) != make or not name.isascii():
            name = f"__make_{len(objects)}"
            objects[name] = make
        return f"{name}(({', '.join(inner)},))"
    return None
