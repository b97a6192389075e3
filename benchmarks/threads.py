"""The same number of threads for every library. To be called before NumPy is loaded, which reads these variables."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

__all__ = ["asked_threads", "processors", "set_threads"]

COUNTS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    # XLA takes the size of its pool from here.
    "NPROC", "PJRT_NPROC",
    "NUMBA_NUM_THREADS",
)


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def set_threads(count: int) -> None:
    """Set the variables that the libraries read when they are loaded."""
    for variable in COUNTS:
        os.environ[variable] = str(count)
    if count == 1:
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()


def asked_threads(argv: Sequence[str] | None, default: int) -> int:
    """What the option ``--threads`` says, read before all others, since what parses these loads NumPy.

    >>> asked_threads(["--list", "--threads", "3"], 1), asked_threads(["--threads", "x"], 1)
    (3, 1)
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--threads", type=int, default=default)
    try:
        return parser.parse_known_args(argv)[0].threads
    except argparse.ArgumentError:
        return default  # the other parser will say what is wrong
