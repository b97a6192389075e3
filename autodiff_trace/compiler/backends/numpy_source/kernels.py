"""Running kernels: block after block, on several threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.kernel import Plan
from .threads import num_threads, share

__all__ = ["BlockRunner"]


class BlockRunner:
    """A kernel that can be called. Each thread has a function of its own, with its own buffers, and another one for
    the last block, which may be smaller."""

    def __init__(self, plan: Plan, make: Callable[[list[np.ndarray]], Callable]) -> None:
        self.plan = plan
        self.make = make
        self.functions: list[tuple[Callable, Callable]] = []

    def __call__(self, *args: Any) -> None:
        length, block = self.plan.length, self.plan.block
        threads = min(num_threads(), self.plan.blocks, self.plan.threads)
        while len(self.functions) < threads:
            self.functions.append(self.make_functions())
        pending = iter(range(self.plan.blocks))  # next() of it is atomic: each block is done once

        def work(thread: int) -> None:
            whole, last = self.functions[thread]
            for i in pending:
                start = i * block
                if start + block <= length:
                    whole(i, start, start + block, *args)
                else:
                    last(i, start, length, *args)

        share(work, threads)

    def make_functions(self) -> tuple[Callable, Callable]:
        arrays = [buffer.make() for buffer in self.plan.buffers]
        rest = self.plan.length % self.plan.block
        return self.make(arrays), self.make([array[:rest] for array in arrays])
