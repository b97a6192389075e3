"""Compiling: from a recorded program, by the passes, to one that can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..core.pytree import Structure, tree_unflatten
from .emit import Source, emit
from .lowering import lower
from .node import Program
from .replay import Replay

__all__ = ["PASSES", "compile_program", "optimize"]

PASSES: tuple[str, ...] = ()


def optimize(program: Program, passes: Sequence[str]) -> tuple[Program, list]:
    """The program after the passes named, lowered to calls of NumPy, and the buffers that it writes into."""
    program = lower(program)
    return program, []


def compile_program(program: Program, structure: Structure, passes: Sequence[str], name: str) -> Replay:
    """The program, with its outputs in a container of this structure, as a function of its inputs."""
    program, buffers = optimize(program, passes)
    objects: dict[str, Any] = {}
    source = emit(program, partial(container_text, structure, objects), name)
    return Replay(Source(source.text, {**source.names, **objects}), buffers, name)


def container_text(structure: Structure, objects: dict[str, Any], leaves: list[str]) -> str:
    """The expression for a container with these expressions as leaves; what it refers to is put into ``objects``."""
    texts = iter(leaves)
    text = display(structure, texts)
    if text is None:
        objects["unflatten"] = partial(tree_unflatten, structure)
        return f"unflatten([{', '.join(leaves)}])"
    return text


def display(structure: Structure, texts: Any) -> str | None:
    """The container as Python displays it; None if it is no list, tuple or dict of strings."""
    if structure.kind is None:
        return next(texts)
    inner = [display(child, texts) for child in structure.children]
    if None in inner:
        return None
    if structure.kind is list:
        return f"[{', '.join(inner)}]"
    if structure.kind is tuple:
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    if structure.kind is dict and all(type(key) is str for key in structure.extra):
        return "{" + ", ".join(f"{key!r}: {value}" for key, value in zip(structure.extra, inner)) + "}"
    return None
