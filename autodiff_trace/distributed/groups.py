"""Groups of shards: those that one task of a step works on, of one worker and no more than it has memory for."""

from __future__ import annotations

from typing import NamedTuple

from .shards import Shards

__all__ = ["Group", "find_groups"]

PORTION = 0.25
"""Of the memory of a worker, what the shards of the groups may have that it works on at the same time."""


class Group(NamedTuple):
    """Shards on one worker, which has so many threads."""

    worker: str
    threads: int
    numbers: list[int]


def find_groups(shards: Shards) -> list[Group]:
    """As many groups on each worker as it has threads, if its memory allows for that."""
    places = shards.balance(shards.locate())
    sizes = shards.client.nbytes([future.key for future in shards.futures], summary=False)
    info = shards.client.scheduler_info(n_workers=-1)["workers"]
    groups = []
    for worker in sorted(set(places)):
        numbers = [number for number, place in enumerate(places) if place == worker]
        threads = info[worker]["nthreads"] if worker in info else 1
        limit = (info[worker].get("memory_limit") or 0) * PORTION / threads if worker in info else 0
        run: list[int] = []
        size = 0
        for place, number in enumerate(numbers):
            size += sizes.get(shards.futures[number].key, 0)
            full = limit and size > limit or place * threads // len(numbers) != (place - 1) * threads // len(numbers)
            if run and full:
                groups.append(Group(worker, threads, run))
                run, size = [], sizes.get(shards.futures[number].key, 0)
            run.append(number)
        groups.append(Group(worker, threads, run))
    return groups
