"""How long ``import`` takes: each library in a process of its own, in turn, and NumPy alone to compare with."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from statistics import median

__all__ = ["MODULES", "import_times"]

MODULES = {
    "numpy": "numpy",
    "eager": "autodiff_trace",
    "jit": "autodiff_trace",
    "native": "autodiff_trace, llvmlite.binding",
    "autograd": "autograd, autograd.numpy",
    "jax": "jax, jax.numpy",
    "torch": "torch",
    "torch-compile": "torch, torch._dynamo, torch._inductor",
    "mygrad": "mygrad",
    **dict.fromkeys(("casadi-sx", "casadi-mx", "casadi-sx-c", "casadi-mx-c"), "casadi"),
    "pytensor": "pytensor, pytensor.tensor",
    "numba": "numba",
}
"""What a program of each library's user imports, or what later calls import."""

CLOCKED = "from time import perf_counter; start = perf_counter(); import {}; print(perf_counter() - start)"


def import_times(names: Sequence[str], rounds: int = 3) -> dict[str, float]:
    """Median seconds for those of ``names`` that are imported; the first round only fills the caches: the disk's, and
    Python's of compiled modules, which an installed library has."""
    chosen = {name: modules for name, modules in MODULES.items() if name in names}
    samples: dict[str, list[float]] = {modules: [] for modules in chosen.values()}
    with tempfile.TemporaryDirectory() as folder:
        for i in range(rounds + 1):
            for modules, times in samples.items():
                seconds = clock_import(modules, folder)
                if i:
                    times.append(seconds)
    return {name: median(samples[modules]) for name, modules in chosen.items()}


def clock_import(modules: str, folder: str) -> float:
    command = [sys.executable, "-W", "ignore", "-c", CLOCKED.format(modules)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = folder
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)
