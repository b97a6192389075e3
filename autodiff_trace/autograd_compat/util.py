"""Small helpers of autograd: tuples with replaced items, nodes in the order of a backward pass."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any

__all__ = ["func", "quick_grad_check", "subval", "subvals", "toposort"]


def subvals(x: Sequence, ivs: Iterable[tuple[int, Any]]) -> tuple:
    """The items of ``x`` as a tuple, with those at some places replaced.

    >>> subvals((1, 2, 3), [(0, "a"), (2, "c")])
    ('a', 2, 'c')
    """
    items = list(x)
    for i, value in ivs:
        items[i] = value
    return tuple(items)


def subval(x: Sequence, i: int, v: Any) -> tuple:
    """The items of ``x`` as a tuple, with ``v`` at place ``i``.

    >>> subval([1, 2], 1, 5)
    (1, 5)
    """
    return subvals(x, ((i, v),))


def func(f: Callable) -> Callable:
    """A method as the function that it is."""
    return f


def toposort(end_node: Any, parents: Callable[[Any], Iterable] = operator.attrgetter("parents")) -> Iterator:
    """The nodes above ``end_node``, each after all nodes that were computed from it.

    >>> above = {"loss": ["a", "b"], "a": ["x"], "b": ["x"], "x": []}
    >>> list(toposort("loss", above.get))
    ['loss', 'b', 'a', 'x']
    """
    waiting: dict[Any, int] = {}  # how many of the nodes computed from this one are still to come
    unseen = [end_node]
    while unseen:
        node = unseen.pop()
        waiting[node] = waiting.get(node, 0) + 1
        if waiting[node] == 1:
            unseen.extend(parents(node))
    waiting[end_node] = 1
    ready = [end_node]
    while ready:
        node = ready.pop()
        yield node
        for parent in parents(node):
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)


def quick_grad_check(
    fun: Callable, arg0: Any, extra_args: Sequence = (), kwargs: dict | None = None, verbose: bool = True,
    eps: float = 1e-4, rtol: float = 1e-4, atol: float = 1e-6, rs: Any = None,
) -> None:
    """Deprecated: the check of a gradient that :func:`test_util.check_grads` has taken the place of."""
    warnings.warn("quick_grad_check is deprecated: write check_grads(f, modes=['rev'], order=1)(x).", stacklevel=2)
    check_grads = import_module(f"{__package__}.test_util").check_grads
    check_grads(lambda x: fun(x, *extra_args, **(kwargs or {})), modes=["rev"], order=1)(arg0)
