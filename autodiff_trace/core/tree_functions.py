"""Further functions of pytrees: structures, folds, and maps that know where a leaf is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from .pytree import Structure, check_first, tree_flatten, tree_map, tree_unflatten
from .tree_paths import leaf_paths
from .unknown_names import unknown_keyword
from .tracebacks import border

if TYPE_CHECKING:
    from .._types import Tree

__all__ = ["tree_map_with_path", "tree_reduce", "tree_structure"]

NOTHING = object()


@border
def tree_structure(tree: Any) -> Structure:
    """The structure of ``tree``, which compares and hashes by content.

    >>> tree_structure({"w": [1.0, 2.0], "b": 3.0})
    dict(w: list(0: *, 1: *), b: *)
    """
    return tree_flatten(tree)[1]


@border
def tree_reduce(fun: Callable[..., Any], tree: Any, initial: Any = NOTHING, **unknown: NoReturn) -> Tree:
    """Fold the leaves of ``tree`` from left to right, ``fun(fun(initial, leaf), leaf) …``.

    Raises TypeError for a tree without leaves where there is no ``initial``.

    >>> tree_reduce(lambda total, leaf: total + leaf, {"w": [1.0, 2.0], "b": 3.0})
    6.0
    """
    if unknown:
        raise unknown_keyword("tree_reduce", unknown)
    check_first("tree_reduce", fun)
    leaves = tree_flatten(tree)[0]
    if initial is not NOTHING:
        return functools.reduce(fun, leaves, initial)
    if not leaves:
        raise TypeError("tree_reduce: the tree has no leaves; say with initial= what that gives.")
    return functools.reduce(fun, leaves)


@border
def tree_map_with_path(fun: Callable[..., Any], tree: Any, *trees: Any, **unknown: NoReturn) -> Tree:
    """Apply ``fun(path, leaf, …)`` to the leaves of ``tree``, and of further trees with the same structure.

    A path is a tuple of the keys, positions and names of fields that lead to the leaf.

    >>> tree_map_with_path(lambda path, leaf: 0.0 if path[-1] == "bias" else leaf, [{"weight": 2.0, "bias": 3.0}])
    [{'weight': 2.0, 'bias': 0.0}]
    """
    if unknown:
        raise unknown_keyword("tree_map_with_path", unknown)
    check_first("tree_map_with_path", fun)
    structure = tree_flatten(tree)[1]
    paths = tree_unflatten(structure, [Path(path) for path, _ in leaf_paths(structure)])
    return tree_map(lambda path, *leaves: fun(path.keys, *leaves), paths, tree, *trees)


class Path:
    """A path as a leaf."""

    def __init__(self, keys: tuple) -> None:
        self.keys = keys
