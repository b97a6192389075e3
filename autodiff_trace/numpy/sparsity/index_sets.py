"""Sets of indices, one for each element of an array, as one sorted array of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["IndexSets"]

LARGEST = 2**26
"""How many members the sets of one array may have together: they take half a gigabyte."""


class IndexSets:
    """For each of ``count`` elements the set of those of ``width`` inputs on which it may depend.

    ``keys`` holds element · width + input for each pair, sorted, each once.
    """

    __slots__ = ("keys", "count", "width")

    def __init__(self, keys: np.ndarray, count: int, width: int) -> None:
        self.keys = keys
        self.count = count
        self.width = width

    @staticmethod
    def singletons(count: int, width: int, first: int) -> IndexSets:
        """Element i depends on input ``first`` + i."""
        elements = np.arange(count, dtype=np.int64)
        return IndexSets(elements * width + elements + first, count, width)

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The elements and the inputs, pair by pair."""
        return np.divmod(self.keys, max(self.width, 1))

    def gather(self, sources: np.ndarray) -> IndexSets:
        """Sets where element i has the set of element ``sources[i]``; the empty set for −1."""
        sources = np.ravel(sources)
        starts = np.searchsorted(self.keys, np.arange(self.count + 1, dtype=np.int64) * self.width)
        lengths = np.append(np.diff(starts), 0)[sources]  # −1 finds the last, which is 0
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if ends.size else 0
        check_total(total)
        # Each run of positions counts up from the start of its source.
        positions = np.repeat(starts[sources] - (ends - lengths), lengths) + np.arange(total)
        elements = np.repeat(np.arange(sources.size, dtype=np.int64), lengths)
        return IndexSets(elements * self.width + self.keys[positions] % max(self.width, 1), sources.size, self.width)

    def merge(self, targets: np.ndarray, count: int) -> IndexSets:
        """Sets of ``count`` elements: each the union of the sets of the elements that ``targets`` sends to it."""
        elements, inputs = self.pairs()
        return IndexSets(np.unique(np.ravel(targets)[elements] * self.width + inputs), count, self.width)

    def fill(self, count: int) -> IndexSets:
        """``count`` elements that all depend on whatever some element here depends on."""
        inputs = np.unique(self.keys % max(self.width, 1))
        check_total(count * inputs.size)
        keys = np.arange(count, dtype=np.int64)[:, None] * self.width + inputs
        return IndexSets(np.ravel(keys), count, self.width)

    def broadcast(self, old: tuple, new: tuple) -> IndexSets:
        """The sets of an array of shape ``old``, broadcast to ``new``."""
        return self if old == new else self.gather(np.broadcast_to(np.arange(self.count).reshape(old), new))

    def add_into(self, index: Any, old: tuple, new: tuple) -> IndexSets:
        """The sets of zeros of shape ``new`` to which an array of shape ``old`` was added at ``index``."""
        count = int(np.prod(new))
        places = np.arange(count).reshape(new)[index]
        return self.broadcast(old, places.shape).merge(places, count)


def union(sets: Iterable[IndexSets]) -> IndexSets:
    """The union, element by element."""
    first, *others = sets
    others = [each for each in others if each.keys is not first.keys]
    if not others:
        return first
    return IndexSets(np.unique(np.concatenate([first.keys, *[each.keys for each in others]])), first.count, first.width)


def stack(sets: Iterable[IndexSets]) -> IndexSets:
    """The sets of several arrays, one after the other."""
    first, *others = sets
    keys, count = [first.keys], first.count
    for each in others:
        keys.append(each.keys + count * first.width)
        count += each.count
    return IndexSets(np.concatenate(keys), count, first.width)


def check_total(total: int) -> None:
    if total > LARGEST:
        raise ValueError(
            f"the sparsity pattern has more than {LARGEST} entries at some step of the function: its values depend on "
            "too many inputs each for a sparse Jacobian. Give the pattern yourself, or use jacobian without sparsity=."
        )
