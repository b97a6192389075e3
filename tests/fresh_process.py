"""Python in a process of its own, for what only shows where nothing has been imported yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["run_python"]

ROOT = Path(__file__).parent.parent


def run_python(program: str, **environment: str) -> list[str]:
    """The lines that ``program`` prints; AssertionError with its error where it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
