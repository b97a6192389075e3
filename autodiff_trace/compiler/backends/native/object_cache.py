"""Compiled objects on disk, so that a second process need not compile: found by a hash of all that they depend on.

They are in the folder that ``AUTODIFF_TRACE_CACHE`` names ("0" and "off": nowhere), else in the user's cache folder.
Each is written to a file of its own, which then takes its name at once: other processes see all of it or nothing.
What is not as it was written is as good as not there, and a folder that cannot be written is no error.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["LIMIT", "find", "folder", "keep"]

#: How many bytes the objects may take. Those not used for longest go first.
LIMIT = 128 * 2**20

#: The beginning of each file; then the hash of the rest.
MAGIC = b"autodiff_trace object 1\n"

kept = itertools.count()


@functools.cache
def own_version() -> str:
    try:
        return version("autodiff_trace")
    except PackageNotFoundError:
        return ""


def folder() -> Path | None:
    """Where the objects are, or None."""
    chosen = os.environ.get("AUTODIFF_TRACE_CACHE", "")
    if chosen.lower() in ("0", "off"):
        return None
    if chosen:
        return Path(chosen)
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # nobody's home
        return None
    return base / "autodiff_trace"


def file_of(text: str, identity: tuple[str, ...]) -> Path | None:
    """The file of the object of this text, compiled for what ``identity`` says."""
    where = folder()
    if where is None:
        return None
    digest = hashlib.sha256("\0".join((own_version(), *identity, text)).encode()).hexdigest()
    return where / f"{digest}.object"


def find(text: str, identity: tuple[str, ...]) -> bytes | None:
    """The object of this text, or None. Machine code of another user's is not run."""
    file = file_of(text, identity)
    if file is None:
        return None
    try:
        with open(file, "rb") as stream:
            if hasattr(os, "getuid") and os.fstat(stream.fileno()).st_uid != os.getuid():
                return None
            content = stream.read()
    except OSError:
        return None
    begin = len(MAGIC) + 32
    if content[: len(MAGIC)] != MAGIC or hashlib.sha256(content[begin:]).digest() != content[len(MAGIC) : begin]:
        return None
    with contextlib.suppress(OSError):
        os.utime(file)  # used now
    return content[begin:]


def keep(text: str, identity: tuple[str, ...], code: bytes) -> None:
    """Keep the object of this text."""
    file = file_of(text, identity)
    if file is None:
        return
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(".tmp", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(MAGIC + hashlib.sha256(code).digest() + code)
            os.replace(name, file)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        if next(kept) % 32 == 0:
            tidy(file.parent)
    except OSError:
        pass


def tidy(where: Path) -> None:
    """Take the objects away that were not used for longest, if all take more than the limit; others may do the same."""
    files = []
    for file in where.iterdir():
        if file.suffix in (".object", ".tmp"):
            with contextlib.suppress(OSError):
                status = file.stat()
                files.append((status.st_mtime, status.st_size, file))
    total = sum(size for _, size, _ in files)
    if total <= LIMIT:
        return
    for _, size, file in sorted(files, key=lambda each: each[0]):
        with contextlib.suppress(OSError):
            file.unlink()
        total -= size
        if total <= LIMIT * 3 // 4:
            return
