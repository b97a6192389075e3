"""A local cluster of worker processes with a memory limit, or one that runs already; its memory, and its accidents."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from autodiff_trace.demo.cli import UserError

from ..peak_memory import STATUS, read_status

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["check_installed", "connected", "end_worker", "local_cluster", "peak_memories", "wait_without"]

CONNECT_SECONDS = 20
REPLACE_SECONDS = 20
DEAD_SECONDS = 5
"""How long a local worker that has been killed may be tried; Dask's default is half a minute."""

PACKAGES = (("distributed", "dask[array] distributed"), ("scipy", "scipy"))
"""What has to be installed, and how."""


def check_installed() -> None:
    for module, install in PACKAGES:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise UserError(f"{error}; install what this needs with: pip install {install}") from error


@contextmanager
def local_cluster(workers: int, memory_limit: int) -> Iterator[Client]:
    """A client of ``workers`` processes of one thread each, which may take ``memory_limit`` bytes each.

    When the block is left, by Ctrl-C too, they are ended.
    """
    import dask
    from distributed import Client, LocalCluster

    with tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as folder:
        with dask.config.set({"distributed.comm.timeouts.connect": DEAD_SECONDS}), LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, memory_limit=memory_limit, dashboard_address=":0",
            local_directory=folder, silence_logs=logging.CRITICAL,
        ) as cluster, Client(cluster) as client:
            client.register_worker_callbacks(ignore_interrupts)
            yield client


def ignore_interrupts() -> None:
    """On each worker, also one that replaces another: a terminal tells all processes of Ctrl-C, the command acts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the cluster whose scheduler listens at ``address``; it is left running."""
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise UserError(f"--scheduler {address}: no scheduler answers: {error}") from error
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise UserError(f"--scheduler {address}: it has no workers")
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
            client.upload_file(zip_modules(folder))  # the workers may have the library alone
            yield client


def zip_modules(folder: str) -> str:
    """The path of a zip file in ``folder`` from which Python can import this package."""
    root = Path(__file__).parents[2]
    path = Path(folder) / "benchmarks.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for module in sorted(Path(__file__).parents[1].rglob("*.py")):
            archive.write(module, module.relative_to(root))
    return str(path)


def peak_memories(client: Client) -> dict[str, int | None]:
    """The most bytes that each worker had in memory so far, by its name; None where that is not known."""
    names = {address: str(each["name"]) for address, each in client.scheduler_info(n_workers=-1)["workers"].items()}
    return {names.get(address, address): peak for address, peak in client.run(peak_memory_here).items()}


def peak_memory_here() -> int | None:
    return read_status("VmHWM") if STATUS.exists() else None


def end_worker(client: Client, seconds: float) -> str:
    """Let the process of one worker be killed in ``seconds``; returns its address."""
    address = min(client.scheduler_info(n_workers=-1)["workers"])
    client.run(end_worker_of, seconds, workers=[address])
    return address


def wait_without(client: Client, address: str, count: int) -> None:
    """Wait until the worker at ``address`` is gone and there are ``count`` again, but not for longer than a while."""
    end = monotonic() + REPLACE_SECONDS
    while monotonic() < end:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if address not in workers and len(workers) >= count:
            return
        sleep(0.1)


def end_worker_of(seconds: float) -> None:
    """On the worker: no farewell, as when the machine is gone."""
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
