"""Kernels: steps that are run together on one block of rows after another, so that what is between them stays in cache.

A *row* value has the rows of the kernel as its first axis, and row i of it depends on rows i of its operands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .memory import Buffer, Memory
from .node import Node

__all__ = ["Kernel", "Plan"]

WORTH_A_THREAD = 250_000
"""Nanoseconds of work that pay for waking a thread (which takes some 20,000)."""

COARSE = 3_000
"""Nanoseconds that most calls have to take for threads to pay: between calls they wait for each other, since only one
at a time can run Python, and to be woken takes long."""


@dataclass(eq=False)
class Kernel:
    """Steps on rows.

    Attributes:
        length: how many rows there are; ``block`` how many are worked on at a time.
        work: nanoseconds on one thread that each step takes for all rows, more or less.
        rows: inputs of which the steps see the rows of the block; ``others`` those that they see whole.
        steps: the steps, on values with all rows.
        results: steps whose rows are written into an array for all of them.
        partials: closing reductions over the rows, whose result for each block is kept.
        memory: for intermediate values of a block.

    A call of the kernel has arguments for rows, others, results and partials, in this order.
    """

    __name__ = "blocks"

    length: int
    block: int
    rows: list[Node]
    others: list[Node]
    work: list[float]
    steps: list[Node]
    results: list[Node]
    partials: list[Node]
    memory: Memory

    @property
    def plan(self) -> Plan:
        blocks = -(-self.length // self.block)
        coarse = [each for each in self.work if each >= COARSE * blocks]
        pays = len(coarse) >= 0.75 * len(self.work)
        threads = max(1, int(sum(self.work) / WORTH_A_THREAD)) if pays else 1
        return Plan(self.length, self.block, threads, self.memory.buffers)


class Plan(NamedTuple):
    """What is left of a kernel once it is compiled: its rows, those of a block, how many threads pay at most, and the
    buffers for one block."""

    length: int
    block: int
    threads: int
    buffers: list[Buffer]

    @property
    def blocks(self) -> int:
        return -(-self.length // self.block)
