"""Numba: the gradient written out by hand as loops over the elements, compiled. The practical limit of a workload."""

from __future__ import annotations

from functools import partial
from importlib import import_module

from .library import Library

__all__ = ["Numba"]


class Numba(Library):
    """Loops by hand. Those over large arrays are split among the threads."""

    name, title, package = "numba", "Numba by hand", "numba"
    compiles = True

    def start(self, threads):
        import_module("numba").set_num_threads(threads)
        self.threads = threads
        self.loops = import_module(".programs.numba_loops", __package__)

    def prepare(self, workload, inputs):
        make = self.loops.find(workload.name, self.threads)
        return make and partial(make, *inputs)
