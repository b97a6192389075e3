"""``python -m benchmarks.processes``: what a ``ProcessPool`` gains, and what it costs."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from autodiff_trace import grad
from autodiff_trace import numpy as anp
from autodiff_trace.processes import ProcessPool

__all__ = ["main"]


def swing(parameters: np.ndarray) -> np.ndarray:
    """The angle at which a damped pendulum ends, by a loop in Python: with its gradient a row takes about 50 ms."""
    length, damping, angle = parameters[0], parameters[1], parameters[2]
    speed = 0.0
    for _ in range(1200):
        speed = speed - 0.01 * (9.81 / length * anp.sin(angle) + damping * speed)
        angle = angle + 0.01 * speed
    return angle


gradient = grad(swing)


def one_element(table: np.ndarray, row: int) -> float:
    """A row that takes no time, of a function that needs a large array."""
    return table[row, 0]


def first_of(row: np.ndarray) -> float:
    return row[0]


def clock(function: Callable, rounds: int) -> float:
    """Seconds of a call, the best of some: others may use the machine, too."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.processes", description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rows", type=int, default=40, help="rows of the function that takes 50 ms (40)")
    parser.add_argument("--megabytes", type=float, default=100.0, help="of the large array (100)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the best is printed (5)")
    options = parser.parse_args(arguments)
    random = np.random.default_rng(0)
    rows = np.array([1.0, 0.1, 1.0]) + random.uniform(0.0, 0.2, size=(options.rows, 3))
    table = random.normal(size=(max(int(options.megabytes * 125), 1), 1000))
    two = np.arange(options.processes)

    def show(what: str, seconds: float) -> None:
        print(f"| {what} | {seconds * 1e3:.1f} ms |", flush=True)

    print(f"| {options.processes} processes, {os.cpu_count()} cores | time |\n| --- | ---: |")
    start = time.perf_counter()
    with ProcessPool(options.processes) as pool:
        show("start of the pool", time.perf_counter() - start)
        expected = np.stack([gradient(row) for row in rows])
        assert np.array_equal(pool.map(gradient, rows), expected)
        alone = clock(lambda: [gradient(row) for row in rows], options.rounds)
        mapped = clock(lambda: pool.map(gradient, rows), options.rounds)
        show(f"{options.rows} gradients of {alone / options.rows * 1e3:.0f} ms, in this process", alone)
        show(f"the same by `pool.map`: {alone / mapped:.2f} times as fast", mapped)
        call = clock(lambda: pool.map(first_of, rows), 40 * options.rounds)
        show("a call of `pool.map` for rows that take no time", call)
        size = f"{table.nbytes / 1e6:.0f} MB"
        show(f"an array of {size}, copied into shared memory in the call",
             clock(lambda: pool.map(one_element, table, two, in_axes=(None, 0)), options.rounds))
        shared = pool.share(table)
        show(f"{size} that `pool.share` has put there before",
             clock(lambda: pool.map(one_element, shared, two, in_axes=(None, 0)), 4 * options.rounds))
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as executor:
        list(executor.map(one_element, [table[:1]] * len(two), [0] * len(two)))
        show(f"{size}, pickled for each process by `concurrent.futures`",
             clock(lambda: list(executor.map(one_element, [table] * len(two), two)), options.rounds))


if __name__ == "__main__":
    main()
