"""Pytrees: nested containers (dict, list, tuple, namedtuple, dataclass) as a list of leaves and a structure."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from .libraries import look_for_libraries, look_for_sparse
from .structures import LEAF, Structure
from .tracebacks import border
from .tree_paths import first_difference
from .unknown_names import unknown_keyword

if TYPE_CHECKING:
    from .._types import Tree

__all__ = [
    "Structure", "array_holders", "fields_of", "find_container", "held_array", "register_pytree",
    "tree_flatten", "tree_leaves", "tree_map", "tree_unflatten",
]

DEEP = 128
"""Containers in containers from which on it is asked whether one contains itself."""

Children = tuple[Iterable[Any], Any]
registry: dict[type, tuple[Callable[[Any], Children], Callable[[Any, list], Any]]] = {}
fields: dict[type, tuple[str, ...]] = {}
"""Those of the named tuples and dataclasses among them, as far as these have been asked for."""


leaves_of_ours: set[type] = {bool, complex, float, int, str, type(None)}
"""Types that are known to be no containers: Python's, NumPy's and boxes, which nobody makes into dataclasses."""

OURS = {"builtins", "numpy", __name__.partition(".")[0]}

array_holders: set[type] = set()
"""Containers of one array that stand for it (xarray's): a function that returns one returns a number or an array."""


@border
def register_pytree(
    kind: type, flatten: Callable[[Any], Children], unflatten: Callable[[Any, list[Any]], Any]
) -> None:
    """Make ``kind`` a container.

    Arguments:
        flatten: from a container its children and a hashable remainder that ``unflatten`` needs.
        unflatten: from the remainder and a list of children a container.

    >>> class Pair:
    ...     def __init__(self, first, second):
    ...         self.first, self.second = first, second
    >>> register_pytree(Pair, lambda pair: ([pair.first, pair.second], None), lambda _, children: Pair(*children))
    >>> tree_map(lambda x: 2 * x, Pair(1.0, [2.0, 3.0])).second
    [4.0, 6.0]
    """
    registry[kind] = flatten, unflatten
    fields.pop(kind, None)
    leaves_of_ours.discard(kind)


register_pytree(list, lambda x: (x, None), lambda extra, children: children)
register_pytree(tuple, lambda x: (x, None), lambda extra, children: tuple(children))
register_pytree(dict, lambda x: (x.values(), tuple(x)), lambda keys, children: dict(zip(keys, children)))
register_pytree(
    OrderedDict, lambda x: (x.values(), tuple(x)), lambda keys, children: OrderedDict(zip(keys, children))
)
register_pytree(
    defaultdict,
    lambda x: (x.values(), (x.default_factory, *x)),
    lambda extra, children: defaultdict(extra[0], zip(extra[1:], children)),
)


def find_container(kind: type) -> tuple[Callable, Callable] | None:
    """How to take containers of type ``kind`` apart and to build them; None if it is a leaf."""
    if kind in registry:
        return registry[kind]
    if kind in leaves_of_ours:
        return None
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        registry[kind] = (lambda x: (x, kind._fields)), (lambda extra, children: kind._make(children))
        fields[kind] = kind._fields
        return registry[kind]
    if dataclasses.is_dataclass(kind):
        names = tuple(field.name for field in dataclasses.fields(kind))
        registry[kind] = (lambda x: ([getattr(x, name) for name in names], names)), build_dataclass(kind)
        fields[kind] = names
        return registry[kind]
    if str(kind.__module__).partition(".")[0] in OURS:
        leaves_of_ours.add(kind)
        return None
    look_for_libraries()
    look_for_sparse(kind)
    return registry.get(kind)


def fields_of(kind: type) -> tuple[str, ...] | None:
    """The fields of a named tuple or dataclass, which are its children; None of anything else."""
    return fields.get(kind) if find_container(kind) is not None else None


def build_dataclass(kind: type) -> Callable[[tuple, list], Any]:
    """A constructor that sets the fields without running ``__init__``, which may check or convert its arguments."""

    def build(names, children):
        instance = object.__new__(kind)
        for name, child in zip(names, children):
            object.__setattr__(instance, name, child)
        return instance

    return build


def tree_flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of ``tree``, from left to right, and its structure.

    >>> tree_flatten({"w": [1.0, 2.0], "b": 3.0})
    ([1.0, 2.0, 3.0], dict(w: list(0: *, 1: *), b: *))
    """
    kind = type(tree)
    container = find_container(kind)
    if container is None:
        return [tree], LEAF
    leaves: list = []
    children, extra = container[0](tree)
    structures: list[Structure] = []
    around: list[tuple] = []  # the containers that the one at hand is in, each with what is left of its children
    while True:
        if not structures:  # a container that has just been met
            children = list(children)
            is_flat = leaves_of_ours.issuperset(map(type, children))
            if is_flat:  # all at once (a fifth of the time)
                leaves += children
                structures, children = [LEAF] * len(children), []
            children = iter(children)
        for child in children:
            child_kind = type(child)
            container = find_container(child_kind)
            if container is None:
                leaves.append(child)
                structures.append(LEAF)
                continue
            around.append((tree, kind, extra, children, structures))
            if len(around) >= DEEP and has_cycle(around):
                raise ValueError(f"a {kind.__name__} contains itself; containers of numbers and arrays have an end")
            tree, kind, structures = child, child_kind, []
            children, extra = container[0](child)
            break
        else:
            structure = Structure(kind, extra, tuple(structures), is_flat)
            if not around:
                return leaves, structure
            tree, kind, extra, children, structures = around.pop()
            structures.append(structure)
            is_flat = False


def has_cycle(around: list[tuple]) -> bool:
    """Whether one of the containers, each in the one before, contains itself; asked at depths of powers of two."""
    count = len(around)
    return count & (count - 1) == 0 and len({id(each[0]) for each in around}) < count


def tree_unflatten(structure: Structure, leaves: Iterable[Any]) -> Tree:
    """The container with this structure and these leaves. ValueError if there are too few or too many.

    >>> leaves, structure = tree_flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> tree_unflatten(structure, [10.0, 20.0, 30.0])
    {'w': [10.0, 20.0], 'b': 30.0}
    """
    leaves = list(leaves)
    if len(leaves) != structure.count:
        raise ValueError(f"tree_unflatten: {len(leaves)} leaves, but {structure} has {structure.count}")
    return build_tree(structure, iter(leaves))


def build_tree(structure: Structure, leaves: Iterator) -> Any:
    if structure.kind is None:
        return next(leaves)
    built: list = []
    children = iter(structure.children)
    around: list[tuple] = []
    while True:
        if structure.is_flat:
            built, children = list(islice(leaves, structure.count)), iter(())
        for child in children:
            if child.kind is None:
                built.append(next(leaves))
                continue
            around.append((structure, children, built))
            structure, children, built = child, iter(child.children), []
            break
        else:
            tree = find_container(structure.kind)[1](structure.extra, built)
            if not around:
                return tree
            structure, children, built = around.pop()
            built.append(tree)


def held_array(x: Any) -> Any:
    """The array that a container stands for; another value as it is."""
    return tree_flatten(x)[0][0] if type(x) in array_holders else x


def tree_leaves(tree: Any) -> list[Any]:
    """The leaves of ``tree``, from left to right.

    >>> tree_leaves({"w": [1.0, 2.0], "b": 3.0})
    [1.0, 2.0, 3.0]
    """
    return tree_flatten(tree)[0]


def check_first(name: str, fun: Any) -> None:
    """Raise TypeError if what stands in the place of the function is none, as in ``name(tree, fun)``."""
    if not callable(fun):
        raise TypeError(f"{name}: the function comes first, {name}(f, tree), but here is {type(fun).__name__!r}.")


@border
def tree_map(fun: Callable[..., Any], tree: Any, *trees: Any, **unknown: NoReturn) -> Tree:
    """Apply ``fun`` to the leaves of ``tree``, and of further trees with the same structure.

    Raises ValueError, with the place, where the structures differ.

    >>> tree_map(lambda w, g: w - 0.5 * g, {"w": 1.0, "b": 2.0}, {"w": 2.0, "b": 4.0})
    {'w': 0.0, 'b': 0.0}
    """
    if unknown:
        raise unknown_keyword("tree_map", unknown)
    check_first("tree_map", fun)
    leaves, structure = tree_flatten(tree)
    columns = [leaves]
    for other in trees:
        other_leaves, other_structure = tree_flatten(other)
        if other_structure != structure:
            raise ValueError(
                f"tree_map: the structures differ: {structure} and {other_structure}: "
                f"{first_difference(structure, other_structure)}")
        columns.append(other_leaves)
    return tree_unflatten(structure, [fun(*row) for row in zip(*columns)])
