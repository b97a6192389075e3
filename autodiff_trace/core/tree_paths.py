"""Paths: where in a container a leaf is, and where two containers part. Knows structures alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

__all__ = ["first_difference", "leaf_paths", "path_text"]


def keys_of(structure: Any) -> list:
    """What the children of a container are called: keys of a dict, names of fields, else numbers."""
    count = len(structure.children)
    is_keyed = isinstance(structure.extra, tuple) and len(structure.extra) >= count
    # Those of a defaultdict stand behind its factory.
    return list(structure.extra[len(structure.extra) - count :]) if is_keyed else list(range(count))


def has_fields(kind: type) -> bool:
    return hasattr(kind, "_fields") or dataclasses.is_dataclass(kind)


def leaf_paths(structure: Any) -> Iterator[tuple[tuple, str]]:
    """For each leaf its path: the keys that lead to it, and the same as Python would write it."""
    pending: list[tuple[Any, tuple, str]] = [(structure, (), "")]
    while pending:
        at, path, text = pending.pop()
        if at.kind is None:
            yield path, text
            continue
        keys = keys_of(at)
        pending += [
            (child, (*path, key), text + key_text(at, key)) for child, key in zip(reversed(at.children), reversed(keys))
        ]


def key_text(structure: Any, key: Any) -> str:
    if has_fields(structure.kind):
        return f".{key}"
    try:
        return f"[{key!r}]"
    except Exception:  # a key of the user's own type
        return f"[<{type(key).__name__}>]"


def path_text(structure: Any, number: int) -> str:
    """Where leaf ``number`` is, " at ['w'][0]"; nothing where the leaf is all there is."""
    for i, (_, text) in enumerate(leaf_paths(structure)):
        if i == number and text:
            return f" at {text}"
    return ""


def first_difference(one: Any, other: Any) -> str:
    """Where two structures that differ part, and what is there: "at ['w'] a list of 2, but a leaf"."""
    pending = [(one, other, "")]
    while pending:
        left, right, text = pending.pop()
        if left == right:
            continue
        if left.kind is right.kind and len(left.children) == len(right.children) and left.extra == right.extra:
            pairs = [
                (a, b, text + key_text(left, key)) for a, b, key in zip(left.children, right.children, keys_of(left))
            ]
            pending += reversed(pairs)
            continue
        place = f"at {text} " if text else ""
        if left.kind is right.kind and len(left.children) == len(right.children) and same_keys(left, right):
            order = ", ".join(map(repr, keys_of(left)))
            return f"{place}the same keys in another order: {order}, but {', '.join(map(repr, keys_of(right)))}"
        return f"{place}{word(left)}, but {word(right)}"
    return "nowhere"


def same_keys(left: Any, right: Any) -> bool:
    return not has_fields(left.kind) and set(map(repr, keys_of(left))) == set(map(repr, keys_of(right))) != set()


def word(structure: Any) -> str:
    if structure.kind is None:
        return "a leaf"
    name = structure.kind.__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    keys = keys_of(structure)
    if issubclass(structure.kind, dict) and keys:
        shown = ", ".join(map(repr, keys[:6])) + (", …" if len(keys) > 6 else "")
        return f"{article} {name} with the keys {shown}"
    return f"{article} {name}" + ("" if has_fields(structure.kind) else f" of {len(keys)}")
