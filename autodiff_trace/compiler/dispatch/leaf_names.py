"""What the arguments of a program are called: by their parameters, and their places in containers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...core.pytree import find_container
from ...core.tree_paths import leaf_paths
from .arguments import is_leaf
from ..backends.numpy_source.spelling import LONGEST_NAME

__all__ = ["leaf_names", "written_paths"]


def leaf_names(fun: Callable, args: tuple, kwargs: dict) -> list[str]:
    """For each number or array among the arguments the name of its parameter, with its place in a container."""
    names: list[str] = []
    pending = [*zip(parameter_names(fun, len(args)), args), *kwargs.items()][::-1]
    while pending:
        name, tree = pending.pop()
        container = find_container(type(tree))
        if container is not None:
            children, extra = container[0](tree)
            pending += reversed(name_children(name, list(children), extra))
        elif is_leaf(tree):
            names.append(name)
    return names


def parameter_names(fun: Callable, count: int) -> list[str]:
    """The names of the parameters that take ``count`` arguments by position."""
    try:
        parameters = [p.name for p in inspect.signature(fun).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        parameters = []
    return parameters + [f"arg{i}" for i in range(len(parameters), count)]


def written_paths(fun: Callable, structure: Any) -> list[str]:
    """For each leaf of the arguments, ``(args, kwargs)``, how the function would write it: ``params['W'][0]``."""
    names = parameter_names(fun, len(structure.children[0].children))
    texts = []
    for (part, which, *_), text in leaf_paths(structure):
        name = which if part == 1 else names[which]
        texts.append(name + text[len(f"[{part!r}][{which!r}]"):])
    return texts


def name_children(name: str, children: list, extra: Any) -> list[tuple[str, Any]]:
    """The children of a container with their names: its own with the field, key or number."""
    if len(name) >= LONGEST_NAME:
        return [(name, child) for child in children]
    is_keyed = isinstance(extra, tuple) and len(extra) >= len(children)
    keys = extra[len(extra) - len(children):] if is_keyed else range(len(children))
    return [(f"{name}_{key_text(key, i)}", child) for i, (key, child) in enumerate(zip(keys, children))]


def key_text(key: Any, number: int) -> str:
    """A key as part of a name; its number if it is not made of letters, digits and the like."""
    text = "".join([c if c.isascii() and c.isalnum() else "_" for c in str(key)]) if type(key) in (str, int) else ""
    return text.strip("_") or str(number)
