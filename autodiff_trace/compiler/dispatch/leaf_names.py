"""What the arguments of a program are called: by their parameters, and their places in containers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...core.pytree import find_container
from .arguments import is_leaf
from ..backends.numpy_source.spelling import LONGEST_NAME

__all__ = ["leaf_names"]


def leaf_names(fun: Callable, args: tuple, kwargs: dict) -> list[str]:
    """For each number or array among the arguments the name of its parameter, with its place in a container."""
    try:
        parameters = [p.name for p in inspect.signature(fun).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        parameters = []
    parameters += [f"arg{i}" for i in range(len(parameters), len(args))]
    names: list[str] = []
    pending = [*zip(parameters, args), *kwargs.items()][::-1]
    while pending:
        name, tree = pending.pop()
        container = find_container(type(tree))
        if container is not None:
            children, extra = container[0](tree)
            pending += reversed(name_children(name, list(children), extra))
        elif is_leaf(tree):
            names.append(name)
    return names


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
