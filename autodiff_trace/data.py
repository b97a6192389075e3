"""What stands between arrays and a loop over them: minibatches, and a bar that shows how far the loop is."""

from __future__ import annotations

import operator
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np

from .core.errors import caller_line
from .core.pytree import find_container, tree_flatten, tree_unflatten
from .core.tracebacks import border
from .core.tracer import is_box
from .core.unknown_names import unknown_keyword, unknown_name
from .numpy.array_kinds import instead_of
from .numpy.generators import checked_generator

__all__ = ["Minibatches", "minibatches", "progress"]


if not TYPE_CHECKING:  # to which it would say that there is every name
    @border
    def __getattr__(name):
        raise unknown_name(__name__, name)


class Minibatches:
    """What :func:`minibatches` gives: each iteration over it is an epoch, ``len()`` the number of batches.

    >>> len(minibatches(np.arange(10), 4))
    3
    """

    def __init__(
        self, leaves: list[Any], structure: Any, size: int, batch_size: int, rng: Any, drop_last: bool
    ) -> None:
        self.leaves, self.structure, self.size = leaves, structure, size
        self.batch_size, self.rng, self.drop_last = batch_size, rng, drop_last

    def __len__(self) -> int:
        return self.size // self.batch_size if self.drop_last else -(-self.size // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        order = None if self.rng is None else self.rng.permutation(self.size)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            rows: Any = slice(start, start + self.batch_size)
            rows = rows if order is None else order[rows]
            yield tree_unflatten(self.structure, [leaf[rows] for leaf in self.leaves])


@border
def minibatches(
    arrays: Any, batch_size: int, *, rng: np.random.Generator | None = None, drop_last: bool = False,
    **unknown: NoReturn,
) -> Minibatches:
    """The rows of ``arrays``, ``batch_size`` at a time.

    Arguments:
        arrays: an array, or a container of arrays with as many rows (their first axis), which each batch is like.
        rng: a ``numpy.random.Generator``, by which the rows are shuffled, anew in each epoch: of the same seed come
            the same epochs. None keeps their order, and gives views.
        drop_last: leave out what is left where the rows are no multiple of ``batch_size``.

    Returns what can be iterated over, an epoch each time, and has a length. Raises ValueError where the numbers of rows
    differ, or there would be no batch, and TypeError for what is no array (of a data frame ``.to_numpy()`` is one).

    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> for rows, labels in minibatches((X, y), 2, rng=np.random.default_rng(0)):
    ...     print(rows.shape, labels)
    (2, 2) [2 4]
    (2, 2) [3 0]
    (1, 2) [1]
    """
    if unknown:
        raise unknown_keyword("minibatches", unknown)
    leaves, structure = tree_flatten(with_leaves(arrays))
    leaves = [leaf.array for leaf in leaves]
    if not leaves:
        raise ValueError(f"minibatches: there are no arrays ({caller_line()})")
    for leaf in leaves:
        check_rows(leaf)
    sizes = [leaf.shape[0] for leaf in leaves]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"minibatches: the arrays have {', '.join(map(str, sizes))} rows ({caller_line()}), not as many each"
        )
    try:
        batch_size = operator.index(batch_size)
    except TypeError:
        batch_size = 0
    if batch_size < 1:
        raise ValueError(f"minibatches: batch_size is an integer, at least 1 ({caller_line()})")
    if rng is not None:
        checked_generator(rng, "minibatches")
    if drop_last and batch_size > sizes[0]:
        raise ValueError(
            f"minibatches: of {sizes[0]} rows there is no batch of {batch_size} ({caller_line()}). Write "
            "drop_last=False, or a smaller batch_size"
        )
    return Minibatches(leaves, structure, sizes[0], batch_size, rng, drop_last)


class Leaf:
    """An array that is a leaf here, also where derivatives take it for a container, as they do of sparse ones."""

    def __init__(self, array: Any) -> None:
        self.array = array


def with_leaves(tree: Any) -> Any:
    """``tree`` with its arrays as leaves. Raises ValueError where it contains itself."""
    tree_flatten(tree)
    todo: list[tuple] = [(tree, None)]
    made: list = []  # of what is to be put together
    while todo:
        tree, parts = todo.pop()
        if parts is not None:
            build, extra, count = parts
            first = len(made) - count
            made[first:] = [build(extra, made[first:])]
            continue
        container = find_container(type(tree))
        if container is None or isinstance(getattr(tree, "shape", None), tuple) and not isinstance(tree, (tuple, dict)):
            made.append(Leaf(tree))
            continue
        children, extra = container[0](tree)
        children = list(children)
        todo.append((None, (container[1], extra, len(children))))
        todo += [(child, None) for child in reversed(children)]
    return made[0]


def check_rows(leaf: Any) -> None:
    """Raise TypeError for what has no rows that numbers select."""
    shape, kind = getattr(leaf, "shape", None), type(leaf).__name__
    if hasattr(leaf, "iloc"):
        raise TypeError(
            f"minibatches: rows of a {kind} are taken by labels ({caller_line()}). Write {instead_of(leaf)}"
        )
    if not isinstance(shape, tuple) or not shape or not hasattr(leaf, "__getitem__"):
        raise TypeError(
            f"minibatches: a {kind} is no array with rows ({caller_line()}). Write numpy.array(x) for a list of numbers"
        )
    if not is_box(leaf) and not isinstance(shape[0], (int, np.integer)):
        raise TypeError(
            f"minibatches: a {kind} has {shape[0]} rows ({caller_line()}). Compute their number first; of Dask's "
            "arrays x.compute_chunk_sizes() does so"
        )


T = TypeVar("T")

WIDTH = 30
SECONDS_BETWEEN_DRAWINGS = 0.1


@border
def progress(items: Iterable[T], label: str = "", *, total: int | None = None) -> Iterator[T]:
    """Iterate over ``items`` and show how far it is, by tqdm where that is installed; in a file or a pipe nothing.

    Arguments:
        items: what to iterate over.
        label: stands before the bar.
        total: how many there are, where ``items`` has no length.

    The bar is wiped when the loop is over, or the iterator closed (``contextlib.closing``).

    >>> sum(progress([1, 2, 3], "adding"))
    6
    """
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield from items
        return
    if total is None and hasattr(items, "__len__"):
        total = len(items)
    try:
        from tqdm import tqdm
    except ImportError:
        yield from draw_progress(items, label, total)
        return
    with tqdm(items, desc=label or None, total=total, leave=False) as bar:
        yield from bar


def draw_progress(items: Iterable[T], label: str, total: int | None) -> Iterator[T]:
    next_drawing, line, start = 0.0, "", f"{label} " if label else ""
    try:
        for done, item in enumerate(items):
            if time.monotonic() >= next_drawing:
                next_drawing = time.monotonic() + SECONDS_BETWEEN_DRAWINGS
                line = f"{start}{done}"
                if total:
                    filled = min(WIDTH, WIDTH * done // total)
                    line = f"{start}[{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total}"
                print(f"\r{line}", end="", file=sys.stderr, flush=True)
            yield item
    finally:
        print("\r" + " " * len(line) + "\r", end="", file=sys.stderr, flush=True)
