"""Processes of a cluster that is all messages: a scheduler, or many workers in one process.

    python -m benchmarks.data_parallel.processes scheduler                      prints its address
    python -m benchmarks.data_parallel.processes workers ADDRESS COUNT NAME

Each worker is dask.distributed's own, with its connections. The process ends when its standard input does, which it
does with the process that has started it, however that ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["process"]

TOGETHER = 25
"""So many workers connect at the same time."""

SETTINGS = {
    "distributed.comm.timeouts.connect": "120s",
    # What looks after the process would be there once for each worker.
    "distributed.admin.system-monitor.interval": "1h",
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    **{f"distributed.worker.memory.{name}": False for name in ("pause", "spill", "target", "terminate")},
}


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen]:
    """One of these processes, which is ended when the block is left. Its log goes nowhere."""
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, *arguments], cwd=Path(__file__).parents[2], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, text=True)
    with child:
        try:
            yield child
        finally:
            child.stdin.close()


async def run_scheduler() -> None:
    from distributed import Scheduler

    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        print(scheduler.address, flush=True)
        await scheduler.finished()


async def run_workers(address: str, count: int, name: str, folder: str) -> None:
    from distributed import Worker

    workers: list[Worker] = []
    for first in range(0, count, TOGETHER):
        # One thread for all of them: hundreds would wait for each other and for Python's lock.
        batch = [Worker(address, nthreads=1, name=f"{name}-{number}", memory_limit=0, dashboard=False,
                        executor="offload", local_directory=folder)
                 for number in range(first, min(first + TOGETHER, count))]
        workers += await asyncio.gather(*batch)
    await asyncio.gather(*(worker.finished() for worker in workers))


def end_with_input(folder: str) -> None:
    """Wait for the end of the input, and leave without the farewells of hundreds of workers."""
    sys.stdin.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main(role: str, *arguments: str) -> None:
    import dask

    folder = tempfile.mkdtemp(prefix="benchmarks-")
    threading.Thread(target=end_with_input, args=(folder,), daemon=True).start()
    with dask.config.set(SETTINGS):
        if role == "scheduler":
            asyncio.run(run_scheduler())
        else:
            address, count, name = arguments
            asyncio.run(run_workers(address, int(count), name, folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
