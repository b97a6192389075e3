"""A pool of processes that map a function over rows. Knows no derivative: what is mapped may be a gradient."""

from __future__ import annotations

import os
import pickle
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from ..core.pytree import tree_flatten, tree_unflatten
from ..core.tracer import is_box
from ..transforms.mapping import common_size, spread_axes
from .sharing import Blocks, dumps
from .worker import READY, Call, work

__all__ = ["ProcessPool", "WorkerError"]

THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"

environment = threading.Lock()


class WorkerError(RuntimeError):
    """A process of a pool has ended before its time."""


class ProcessPool:
    """Processes that run a function on the rows of arrays, as ``vmap`` does, but row by row and on several cores.

    For functions that take milliseconds a row or more: a simulation, a fit, a gradient through a solver. Each process
    is started once and imports the module of the function (by ``spawn``, on all systems), so that the function has to
    stand at the top of a module, and a script has to make its pool below ``if __name__ == "__main__":``. What is small
    and elementwise is quicker by ``vmap`` in one process.

    Arguments:
        processes: how many; all cores if None.
        threads: for the products of matrices and the compiled loops in each process.

    A pool is closed by ``close()`` or at the end of a ``with``.

    >>> import numpy as np
    >>> with ProcessPool(2) as pool:
    ...     pool.map(np.linalg.det, np.stack([np.eye(2), 2 * np.eye(2), 3 * np.eye(2)]))
    array([1., 4., 9.])
    """

    def __init__(self, processes: int | None = None, threads: int = 1) -> None:
        count = (os.cpu_count() or 1) if processes is None else processes
        if count < 1:
            raise ValueError(f"ProcessPool: processes={processes!r}; it takes one at least.")
        self.kept = Blocks()
        self.shared: dict[int, tuple[np.ndarray, tuple]] = {}
        self.workers: dict[Connection, BaseProcess] = {}
        self.end = weakref.finalize(self, end_workers, self.workers)
        context = get_context("spawn")
        try:
            with environment, limited_threads(threads):
                for _ in range(count):
                    own, other = context.Pipe()
                    process = context.Process(target=work, args=(other,), daemon=True)
                    process.start()
                    other.close()
                    self.workers[own] = process
            for connection in self.workers:
                if self.receive(connection) != READY:
                    raise WorkerError("ProcessPool: a process answered with what it should not.")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, and give their shared memory back."""
        self.end()
        self.shared.clear()
        self.kept.close()

    def share(self, array: Any) -> np.ndarray:
        """A copy of an array that lies in shared memory until the pool is closed: calls with it do not copy it again.

        Its contents may be changed between calls. Other arrays of 64 KiB and more are copied into shared memory in each
        call, smaller ones are sent.
        """
        copied, place = self.kept.copy(np.asarray(array))
        self.shared[id(copied)] = copied, place
        return copied

    def map(self, fun: Callable[..., Any], *args: Any, in_axes: Any = 0) -> Any:
        """``fun`` of each row of the arguments, stacked along a new first axis.

        Arguments:
            fun: a function that other processes can import, or what ``grad``, ``jit`` and the like make of one. ``jit``
                compiles in each process, once if the same function comes again.
            args: arrays, numbers, and containers of them.
            in_axes: as for ``vmap``: the axis of each argument that is mapped, None for what is the same in each row.

        Raises the error of ``fun`` for the first row among those that were found to raise one, with a note of the row;
        WorkerError if a process has ended, after which the pool is closed.
        """
        axes = tuple(in_axes) if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(f"ProcessPool.map: in_axes has {len(axes)} entries for {len(args)} arguments.")
        leaves, structure = tree_flatten(args)
        if any(map(is_box, leaves)):
            raise TypeError(
                "ProcessPool.map: an argument is traced, and traces end at the process. Map the derivative instead: "
                "pool.map(grad(f), x)."
            )
        places = [axis if np.ndim(leaf) else None for axis, leaf in zip(spread_axes("in_axes", axes, args), leaves)]
        sizes = {i: np.shape(leaf)[axis] for i, (leaf, axis) in enumerate(zip(leaves, places)) if axis is not None}
        count = common_size(sizes, args, "ProcessPool.map")
        if not self.workers:
            raise WorkerError("ProcessPool.map: the pool is closed.")
        if not count:
            raise ValueError("ProcessPool.map: there are no rows.")
        blocks = Blocks()
        try:
            kept = {key: place for key, (_, place) in self.shared.items()}
            arguments = dumps((leaves, places, structure), blocks, kept)
            call = Call(pickled(fun, blocks, kept), arguments, [place[0] for place in kept.values()])
            return joined(self.run(call, count))
        except BaseException as error:
            if not isinstance(error, Exception):  # Ctrl-C: the processes are in the middle of something
                self.close()
            raise
        finally:
            blocks.close()

    def run(self, call: Call, count: int) -> list[tuple]:
        """The answers for all pieces of ``count`` rows, in their order."""
        pieces = pieces_of(count, len(self.workers))
        answers: dict[int, Any] = {}
        busy: dict[Connection, int] = {}

        def give_next(connection: Connection) -> None:
            piece = None if errors else next(pieces, None)
            if piece is not None:
                self.send(connection, piece)
                busy[connection] = piece[0]

        errors: list[Exception] = []
        for connection in list(self.workers):
            self.send(connection, call)
            give_next(connection)
        while busy:
            for connection in wait(list(busy)):
                answer = self.receive(connection)  # type: ignore[arg-type]
                start = busy.pop(connection)  # type: ignore[arg-type]
                if isinstance(answer, Exception):
                    errors.append(answer)
                else:
                    answers[start] = answer
                give_next(connection)  # type: ignore[arg-type]
        if errors:
            raise min(errors, key=lambda error: getattr(error, "row", -1))
        return [answers[start] for start in sorted(answers)]

    def send(self, connection: Connection, message: Any) -> None:
        try:
            connection.send(message)
        except OSError:
            self.lose(connection)

    def receive(self, connection: Connection) -> Any:
        try:
            return connection.recv()
        except (EOFError, OSError):
            self.lose(connection)

    def lose(self, connection: Connection) -> None:
        process = self.workers[connection]
        process.join(5)
        code = process.exitcode
        self.close()
        raise WorkerError(
            f"ProcessPool: a process has ended (exit code {code}), and the pool is closed. Where it never started, the "
            'script lacks `if __name__ == "__main__":` around what makes the pool; -9 is for want of memory, as a rule.'
        )


def pieces_of(count: int, processes: int) -> Iterator[tuple[int, int]]:
    """Rows from … to …, in pieces that get smaller, so that all processes end at about the same time."""
    start = 0
    while start < count:
        stop = start + max(1, (count - start) // (2 * processes))
        yield start, stop
        start = stop


def pickled(fun: Callable, blocks: Blocks, kept: dict[int, tuple]) -> bytes:
    try:
        return dumps(fun, blocks, kept)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"ProcessPool.map: {getattr(fun, '__name__', fun)!r} does not travel to other processes ({error}). Define "
            "the function at the top of a module, and hand over what it closes over as arguments (in_axes=None)."
        ) from None


def joined(answers: Sequence[tuple]) -> Any:
    """The results of all pieces as one."""
    structures = {structure for _, structure in answers}
    if len(structures) > 1:
        raise TypeError(f"ProcessPool.map: the function returned {' and '.join(map(str, structures))}.")
    columns = zip(*[leaves for leaves, _ in answers])
    return tree_unflatten(structures.pop(), [np.concatenate(column) for column in columns])


def end_workers(workers: dict[Connection, BaseProcess]) -> None:
    """End processes, whatever they do."""
    while workers:
        connection, process = workers.popitem()
        connection.close()
        process.terminate()
        process.join()
        process.close()


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """While this lasts, the environment has ``count`` as the number of threads of new processes."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
