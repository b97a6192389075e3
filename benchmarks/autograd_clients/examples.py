"""Autograd's examples, run on autograd and on this library by turns: the same numbers, and the time each takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from autodiff_trace.demo.cli import UserError

from ..report import format_table
from ..timing import format_time
from .cuts import EXAMPLES

__all__ = ["Comparison", "Side", "differences", "run_examples", "take_turns"]

ROOT = Path(__file__).parents[2]

class Side(NamedTuple):
    """A process that runs an example on a library, and where it saves the numbers of its first run."""

    process: subprocess.Popen
    results: Path

    def run(self) -> float:
        """Run the example once; the seconds it took. RuntimeError with the traceback of an error."""
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process has ended, status {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["seconds"]

    def numbers(self) -> dict[str, np.ndarray]:
        with np.load(self.results) as file:
            return dict(file)

    def close(self) -> None:
        self.process.communicate()


class Comparison(NamedTuple):
    """What came of an example: what differs, or an error; how many numbers were compared, and how much they differ at
    most; and the seconds of each run on each side."""

    problems: list[str]
    count: int
    largest: float
    samples: dict[str, list[float]]


def start(library: str, sources: Path, name: str, folder: Path) -> Side:
    results = folder / f"{library}.npz"
    path = os.pathsep.join(map(str, [ROOT, sources] if library == "autograd" else [ROOT]))
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.autograd_clients.process", library, str(sources / "examples"), name,
               str(results)]
    pipe = subprocess.PIPE
    return Side(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=folder), results)


def compare(sources: Path, name: str, rounds: int) -> Comparison:
    """Run an example on both sides: once for its numbers, then by turns for the time."""
    return take_turns(lambda library, folder: start(library, sources, name, folder), rounds, EXAMPLES[name].tolerance)


def take_turns(start: Callable[[str, Path], Side], rounds: int, tolerance: float) -> Comparison:
    """``start(library, folder)`` gives the two sides: each runs once for its numbers, then by turns for the time."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {library: start(library, Path(folder)) for library in ("autograd", "ours")}
        problems, count, largest = [], 0, 0.0
        samples: dict[str, list[float]] = {library: [] for library in sides}
        try:
            for library, side in sides.items():
                try:
                    side.run()
                except RuntimeError as error:
                    problems.append(f"{library}: {error}")
            if not problems:
                theirs, ours = (side.numbers() for side in sides.values())
                largest, problems = differences(theirs, ours, tolerance)
                count = sum(array.size for array in theirs.values() if array.dtype.kind != "U")
                for _ in range(rounds):
                    for library, side in sides.items():
                        samples[library].append(side.run())
        finally:
            for side in sides.values():
                side.close()
        return Comparison(problems, count, largest, samples)


def differences(
    expected: dict[str, np.ndarray], found: dict[str, np.ndarray], tolerance: float
) -> tuple[float, list[str]]:
    """The largest difference, relative to the largest number of its array or to 1e-3, and those that are too large.

    >>> differences({"x": np.array([1.0, 2.0]), "n": np.array(3)}, {"x": np.array([1.0, 2.5]), "n": np.array(3)}, 1e-6)
    (0.2, ['x: differs by 2.0e-01'])
    """
    problems = [f"{name}: only on one side" for name in sorted(expected.keys() ^ found.keys())]
    largest = 0.0
    for name in sorted(expected.keys() & found.keys()):
        old, new = expected[name], found[name]
        if old.dtype.kind == "U":
            if old != new:
                problems.append(f"{name}: {first_difference(str(old), str(new))}")
        elif old.shape != new.shape:
            problems.append(f"{name}: of shape {new.shape}, not {old.shape}")
        elif old.size:
            difference = relative_difference(old, new)
            largest = max(largest, difference)
            if difference > tolerance:
                problems.append(f"{name}: differs by {difference:.1e}")
    return largest, problems


def relative_difference(old: np.ndarray, new: np.ndarray) -> float:
    if not np.array_equal(np.isfinite(old), np.isfinite(new)):
        return float("inf")
    old, new = np.nan_to_num(old), np.nan_to_num(new)
    scale = max(np.max(np.abs(old)), np.max(np.abs(new)), 1e-3)
    return float(np.max(np.abs(old - new)) / scale)


def first_difference(old: str, new: str) -> str:
    place = len(os.path.commonprefix([old, new]))
    begin = max(place - 30, 0)
    return f"…{new[begin : place + 60]!r}, not …{old[begin : place + 60]!r}"


def run_examples(sources: Path, only: Sequence[str], rounds: int) -> tuple[list[str], bool]:
    """The table in Markdown with notes and what went wrong, and whether nothing did. Times are of the fastest runs."""
    unknown = sorted({*only} - {*EXAMPLES})
    if unknown:
        raise UserError(f"no example {unknown[0]}; there are {', '.join(EXAMPLES)}")
    rows, problems = [], []
    for name in only or EXAMPLES:
        result = compare(sources, name, rounds)
        problems += [f"{name}: {problem}" for problem in result.problems]
        if all(result.samples.values()):
            theirs, ours = map(min, result.samples.values())
            times = [format_time(theirs), format_time(ours), f"{theirs / ours:.2f}"]
        else:
            times = ["-", "-", "-"]
        rows.append([name, str(result.count), f"{result.largest:.0e}" if not result.problems else "no", *times])
        print(" ".join(rows[-1]), file=sys.stderr, flush=True)
    notes = [f"{name}: {EXAMPLES[name].note}" for name in only or EXAMPLES if EXAMPLES[name].note]
    head = ["example", "numbers", "largest difference", "autograd", "ours", "autograd / ours"]
    return [format_table(head, rows), "", *notes, *problems], not problems
