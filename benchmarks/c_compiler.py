"""The C compiler of this machine, where there is one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

__all__ = ["CPP_COMPILERS", "C_COMPILERS", "build_library", "find_compiler"]

C_COMPILERS = ("cc", "gcc", "clang")
CPP_COMPILERS = ("c++", "g++", "clang++")


def find_compiler(variable: str, *names: str) -> str | None:
    """The path of a compiler: what the environment's ``variable`` names, or the first of ``names`` there is."""
    return next(filter(None, map(shutil.which, (os.environ.get(variable) or "", *names))), None)


def build_library(source: Path, *options: str) -> Path:
    """Compile ``source`` for this very processor, and return the path of the shared library beside it."""
    compiler, library = find_compiler("CC", *C_COMPILERS), source.with_suffix(".so")
    assert compiler is not None
    command = [compiler, "-march=native", "-fPIC", "-shared", *options, str(source), "-o", str(library), "-lm"]
    # In a group of processes of its own: what the compiler's driver has started is to end with it.
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            _, errors = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise RuntimeError(f"{compiler}: {errors.decode(errors='replace').strip()}")
    return library
