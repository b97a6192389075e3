"""Sums over shards in one order, that of a binary tree over their numbers, whoever adds which part of it.

The node (level, place) is the sum of the shards from place·2^level on, as many as 2^level; where there are fewer, of
those that there are. A node is its left child plus its right one. A group of shards is summed as far as the tree goes
inside of it, so that floating-point sums come out the same however shards are grouped.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Part", "Report", "Sum", "join", "merge"]


class Sum(NamedTuple):
    """The weighted sum of the values of some shards, of their gradients, leaf by leaf, and of their weights."""

    value: Any
    gradient: list
    weight: float
    rows: int


class Report(NamedTuple):
    """Who was at work on a group of shards: the group's number, the worker, and for how many seconds."""

    group: int
    worker: str
    seconds: float


class Part(NamedTuple):
    """What a task returns: sums of parts of the tree, None for shards without rows, and who was at work."""

    sums: dict[tuple[int, int], Sum | None]
    reports: list[Report]


def add(one: Sum | None, two: Sum | None) -> Sum | None:
    if one is None or two is None:
        return two if one is None else one
    gradient = [a if b is None else b if a is None else a + b for a, b in zip(one.gradient, two.gradient)]
    return Sum(one.value + two.value, gradient, one.weight + two.weight, one.rows + two.rows)


def merge(sums: dict[tuple[int, int], Sum | None], count: int) -> dict[tuple[int, int], Sum | None]:
    """The nodes of the tree over ``count`` shards, as high up as ``sums`` suffices for.

    >>> one = lambda x: Sum(x, [], 1.0, 1)
    >>> merged = merge({(0, 4): one(5), (0, 0): one(1), (0, 1): one(2), (0, 3): one(4)}, 5)
    >>> sorted((node, part.value) for node, part in merged.items())
    [((0, 3), 4), ((1, 0), 3), ((2, 1), 5)]
    """
    done, todo = {}, dict(sums)
    for level in range(count.bit_length()):
        for node in sorted(each for each in todo if each[0] == level):
            if node not in todo:
                continue
            place = node[1]
            if place == 0 and 1 << level >= count:
                continue  # the root
            right = level, place | 1
            if place % 2 == 0 and (place + 1) << level >= count:
                todo[level + 1, place // 2] = todo.pop(node)
            elif place % 2 == 0 and right in todo:
                todo[level + 1, place // 2] = add(todo.pop(node), todo.pop(right))
            else:
                done[node] = todo.pop(node)
    return done | todo


def join(parts: list[Part], count: int) -> Part:
    """Several parts as one."""
    sums: dict[tuple[int, int], Sum | None] = {}
    reports: list[Report] = []
    for part in parts:
        sums.update(part.sums)
        reports += part.reports
    return Part(merge(sums, count), reports)
