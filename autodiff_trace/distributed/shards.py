"""Shards on workers: each has one place, in memory there, and what it takes to make it again."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import cloudpickle
from dask import delayed
from distributed import Client, Future, wait

from .errors import DistributedError
from .programs import compact, identity, make_shard
from .sources import DATA, DELAYED, FUNCTION, FUTURE, find_sources

__all__ = ["WATCH", "Shards", "lost_scheduler", "pack", "place"]

WATCH = 2.0
"""Seconds after which it is asked anew which workers there are."""


PATIENCE = 60.0
"""Seconds to wait for a first worker."""


def place(client: Client, shards: Any, *, keep: bool = True) -> Shards:
    """Put shards on workers, in contiguous runs, where they stay.

    Arguments:
        client: of ``dask.distributed``.
        shards: a list with one entry a shard: a tuple (the arguments of the loss after the parameters) or another
            container of arrays, which is sent once, and once more if its worker is lost; a function without arguments
            that makes a shard on its worker; a Delayed or a Future. Or Dask arrays, one or a tuple or dict of them:
            each block of rows is a shard.
        keep: False: functions run in each step anew, and shards are let go after their use: for more data than the
            workers have memory for.

    >>> from distributed import Client, LocalCluster  # doctest: +SKIP
    >>> shards = place(Client(LocalCluster()), [(X[:1000], y[:1000]), (X[1000:], y[1000:])])  # doctest: +SKIP
    """
    if not isinstance(shards, Shards):
        return Shards(client, shards, keep)
    if shards.client is not client:
        raise ValueError("these shards were placed by another client.")
    return shards


class Shards:
    """What :func:`place` returns: ``len(shards)``, ``shards.workers()``, ``shards.release()``."""

    def __init__(self, client: Client, shards: Any, keep: bool = True) -> None:
        if not isinstance(client, Client) or client.asynchronous:
            raise TypeError(f"client has to be a dask.distributed.Client that is not asynchronous, got {client!r}.")
        if client.status != "running":
            raise lost_scheduler(client)
        self.client = client
        self.sources = find_sources(shards)
        self.keep = keep
        if not keep and any(kind != FUNCTION for kind, _ in self.sources):
            raise TypeError("keep=False makes shards anew in each step, so that each of them has to be a function.")
        self.payloads = {
            i: pack(f"the function of shard {i}", made) for i, (kind, made) in enumerate(self.sources)
            if kind == FUNCTION}
        self.futures: list[Future] = [None] * len(self.sources)
        self.direct = has_direct_ways(client)
        self.name = f"shard-{uuid.uuid4().hex[:8]}"
        self.starts = 0
        self.start(self.deal(range(len(self.sources))))

    def __len__(self) -> int:
        return len(self.sources)

    def workers(self) -> dict[str, list[int]]:
        """The numbers of the shards that each worker has."""
        found: dict[str, list[int]] = {}
        for number, addresses in enumerate(self.locate()):
            for address in addresses[:1]:
                found.setdefault(address, []).append(number)
        return dict(sorted(found.items()))

    def release(self) -> None:
        """Let the shards go; data of the client is no longer kept by it either."""
        self.futures, self.sources, self.payloads = [], [], {}

    def locate(self) -> list[tuple[str, ...]]:
        """The workers that each shard is on."""
        if not self.futures:
            raise ValueError("these shards have been released.")
        live = [future for future in self.futures if future.status not in ("cancelled", "lost")]
        found = self.client.who_has(live) if live else {}
        return [tuple(sorted(found.get(future.key, ()))) for future in self.futures]

    def threads(self) -> dict[str, int]:
        """The threads of each worker; where there is none, one may be about to start in place of one that is lost."""
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except (TimeoutError, asyncio.TimeoutError):
            raise DistributedError(f"the cluster has had no workers for {PATIENCE} seconds.") from None
        return self.client.nthreads()

    def deal(self, numbers: Iterable[int]) -> dict[int, str]:
        """A worker for each shard, in contiguous runs, in proportion to its threads."""
        slots = [address for address, threads in sorted(self.threads().items()) for _ in range(threads)]
        numbers = list(numbers)
        return {number: slots[i * len(slots) // len(numbers)] for i, number in enumerate(numbers)}

    def start(self, places: dict[int, str]) -> None:
        """Make these shards, each at its place."""
        self.starts += 1
        sent: dict[str, list[int]] = {}
        for number, address in places.items():
            kind, made = self.sources[number]
            if kind == DATA:
                sent.setdefault(address, []).append(number)
            elif kind == FUNCTION:
                self.futures[number] = self.client.submit(
                    make_shard, self.payloads[number], number, self.keep, key=self.key(number), workers=[address],
                    allow_other_workers=True)
            elif kind == FUTURE:
                self.futures[number] = made
        for address, run in sent.items():
            data = [compact(self.sources[number][1]) for number in run]
            for number, future in zip(run, self.client.scatter(
                    data, workers=[address], hash=False, direct=self.direct)):
                self.futures[number] = future
        lazy = [number for number in places if self.sources[number][0] == DELAYED]
        if lazy:
            computed = self.client.compute([delayed(compact)(self.sources[number][1]) for number in lazy])
            for number, future in zip(lazy, computed):
                self.futures[number] = future
        self.wait_for(places)
        for number in places:
            future = self.futures[number]
            if future.status == "error":
                future.result()  # raises what has been raised there
            if future.status != "finished":
                raise DistributedError(self.why_lost(number))

    def wait_for(self, places: dict[int, str]) -> None:
        """Wait until these shards are there; those whose workers have all ended are started once more."""
        while True:
            try:
                wait([self.futures[number] for number in places], timeout=WATCH)
                return
            except (TimeoutError, asyncio.TimeoutError):
                present = self.client.nthreads()
                if present and not set(places.values()) & set(present):
                    return self.start(self.deal(number for number in places if not self.futures[number].done()))

    def key(self, number: int) -> tuple:
        return self.name, self.starts, number

    def repair(self) -> None:
        """Make those again that are nowhere: what was sent to a worker that is gone, or was to run on one."""
        lost = [number for number, addresses in enumerate(self.locate()) if not addresses]
        for number in [each for each in lost if self.sources[each][0] == FUTURE]:
            if self.futures[number].status in ("cancelled", "lost"):
                raise DistributedError(self.why_lost(number))
            lost.remove(number)  # Dask is computing it again
        if lost:
            self.start(self.deal(lost))

    def why_lost(self, number: int) -> str:
        return (
            f"shard {number} of {len(self)} is lost, and cannot be made again: it was given as a "
            f"{self.sources[number][0]} ({self.futures[number].status}). Give a function that makes it, or the arrays "
            "themselves.")

    def balance(self, located: list[tuple[str, ...]]) -> list[str]:
        """Where each shard is from now on; those beyond a worker's part move to workers that have less."""
        threads = self.threads()
        total = sum(threads.values())
        room = {address: -(-len(self) * count // total) for address, count in sorted(threads.items())}
        places: dict[int, str] = {}
        for number, addresses in enumerate(located):
            here = next((address for address in addresses if room.get(address, 0) > 0), None)
            if here is not None:
                room[here] -= 1
                places[number] = here
        homeless = [number for number in range(len(self)) if number not in places]
        free = [address for address, count in room.items() for _ in range(count)]
        moves = dict(zip(homeless, free))
        if moves:
            self.move(moves)
        return [(places | moves)[number] for number in range(len(self))]

    def move(self, places: dict[int, str]) -> None:
        """Shards that are somewhere, elsewhere."""
        again = {number: address for number, address in places.items() if self.sources[number][0] in (DATA, FUNCTION)}
        if again:
            self.start(again)
        self.starts += 1
        rest = [number for number in places if number not in again]
        for number in rest:
            self.futures[number] = self.client.submit(
                identity, self.futures[number], key=self.key(number), workers=[places[number]],
                allow_other_workers=True)
        self.wait_for({number: places[number] for number in rest})


def pack(name: str, function: Callable) -> bytes:
    """A function, pickled. TypeError, in these words, if that cannot be."""
    try:
        return cloudpickle.dumps(function)
    except Exception as error:
        raise TypeError(
            f"{name} cannot be sent to workers, as it does not pickle ({error}). Let it refer to numbers, arrays and "
            "functions; make files, locks and connections inside of it.") from None


def lost_scheduler(client: Client) -> DistributedError:
    address = getattr(client.scheduler, "address", "unknown")
    return DistributedError(f"the connection to the scheduler at {address} is lost (the client is {client.status}).")


def has_direct_ways(client: Client) -> bool:
    """Whether to speak to workers without the scheduler in between: as the client says, or where it is here, too."""
    if client.direct_to_workers is not None:
        return client.direct_to_workers
    return client.scheduler.address.startswith(("tcp://127.0.0.1", "tcp://[::1]", "inproc://"))
