"""What runs in a process of a pool: it takes a call, and then rows of it until there are no more."""

from __future__ import annotations

import pickle
import signal
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from ..core.pytree import Structure, tree_flatten, tree_unflatten
from .sharing import detach

__all__ = ["READY", "Call", "work"]

READY = "ready"


class Call(NamedTuple):
    """A function and its arguments, both pickled, and the names of the blocks that the pool keeps for later calls."""

    function: bytes
    arguments: bytes
    kept: list[str]

    def load(self, functions: dict[bytes, Callable]) -> tuple:
        """What :func:`map_rows` gets; ``functions`` holds the one of the last call, which may be compiled by now."""
        if self.function not in functions:
            functions.clear()
            functions[self.function] = pickle.loads(self.function)
        return functions[self.function], *pickle.loads(self.arguments)


def work(connection: Connection) -> None:
    """Serve a pool until it closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pool's to take
    functions: dict[bytes, Callable] = {}
    call: Any = None
    send(connection, READY)
    while True:
        try:
            message = connection.recv()
        except EOFError:
            return
        if isinstance(message, Call):
            call = None  # which lets go of its arrays
            detach(message.kept)
            try:
                call = message.load(functions)
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
                call = TypeError(f"a process cannot load the function or its arguments: {why}")
            continue
        try:
            answer = call if isinstance(call, Exception) else map_rows(*call, *message)
        except Exception as error:
            answer = error.with_traceback(None)  # whose frames hold the arrays
        send(connection, answer)
        del answer


def send(connection: Connection, answer: Any) -> None:
    try:
        message = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        if isinstance(answer, Exception):
            pickle.loads(message)  # of some errors not every attribute is an argument
    except Exception as why:
        what = "raised" if isinstance(answer, Exception) else "returned"
        message = pickle.dumps(TypeError(f"the function {what} what cannot be pickled ({why}): {answer!r}"))
    connection.send_bytes(message)


def map_rows(fun: Callable, leaves: list, axes: list, structure: Structure, start: int, stop: int) -> tuple:
    """What ``fun`` gives for each of some rows: the leaves of its results, stacked, and their structure."""
    answers, found = [], None
    for row in range(start, stop):
        try:
            taken = [x if axis is None else np.take(x, row, axis) for x, axis in zip(leaves, axes, strict=True)]
            answer, form = tree_flatten(fun(*tree_unflatten(structure, taken)))
            if found not in (None, form):
                raise TypeError(f"the function returned {form}, and {found} for the rows before")
        except Exception as error:
            error.row = row  # type: ignore[attr-defined]
            if hasattr(error, "add_note"):
                error.add_note(f"For row {row}, in a process of a ProcessPool:\n{traceback.format_exc(limit=-3)}")
            raise
        found = form
        answers.append(answer)
    return [np.stack(column) for column in zip(*answers)], found
