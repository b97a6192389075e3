"""The error of a cluster that cannot go on, with what has been reached until then."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["DistributedError", "Reached", "add_note", "keeping"]


class DistributedError(RuntimeError):
    """The cluster cannot go on: its scheduler is gone, a step took too long, or data is lost for good.

    Attributes:
        params: the last good parameters: those to go on from.
        state, step: of ``train``, the state of the optimiser and the number of the step that failed.
        path: the file that these three are saved in, a pickle of a dict, where ``checkpoint=`` names one; else None.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.params: Any = None
        self.state: Any = None
        self.step = 0
        self.path: str | None = None


def add_note(error: BaseException, note: str) -> None:
    """``error.add_note(note)``, which Python has from 3.11 on; it travels with the error either way."""
    error.__notes__ = [*getattr(error, "__notes__", ()), note]


class Reached:
    """What to go on from."""

    def __init__(self, params: Any, state: Any, step: int) -> None:
        self.params, self.state, self.step = params, state, step


@contextmanager
def keeping(reached: Reached, checkpoint: str | os.PathLike[str] | None) -> Iterator[None]:
    """Where the work inside ends early, by Ctrl-C too, what it has reached is saved, and told by a DistributedError."""
    try:
        yield
    except BaseException as error:
        path = save(reached, Path(checkpoint), error) if checkpoint is not None else None
        if isinstance(error, DistributedError):
            error.params, error.state, error.step, error.path = reached.params, reached.state, reached.step, path
            if path is not None:
                error.args = (f"{error.args[0]} The last good parameters are saved in {path}.",)
        raise


def save(reached: Reached, path: Path, error: BaseException) -> str | None:
    """Write the file, whole or not at all; where that fails ``error`` has a note of it."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(pickle.dumps(vars(reached)))
        os.replace(part, path)
    except Exception as problem:
        part.unlink(missing_ok=True)
        add_note(error, f"The last good parameters could not be saved in {path}: {problem!r}.")
        return None
    return str(path)
