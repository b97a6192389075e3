"""A folder for what compilers leave behind, empty when a run begins: what is found there is no first call."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile

__all__ = ["scratch_folder"]


def scratch_folder(name: str) -> str:
    """A new folder of this process, removed when it ends."""
    path = os.path.join(root(), name)
    os.makedirs(path, exist_ok=True)
    return path


@functools.cache
def root() -> str:
    path = tempfile.mkdtemp(prefix="benchmarks-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path
