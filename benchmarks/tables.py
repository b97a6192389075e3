"""The tables of a run, in order, each with its title and with words that say how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .comparison import bandwidth_table, best_table, first_call_table
from .growth import growth_table
from .library import Library
from .report import ratio_table
from .suite import Row
from .targets import target_table
from .workload import Workload

__all__ = ["SUMMARY", "columns_in_words", "tables_of"]

OURS_IN_WORDS = {
    "numpy": "the derivatives written by hand with NumPy, without any library",
    "eager": "this library as it is, call by call, nothing compiled",
    "jit": "this library's jit, which runs a program of NumPy's calls",
    "native": "this library's jit, which runs machine code",
}

SUMMARY = ("In short", "How often one was faster than another; \"behind\" lists where it was not, with how many times "
           "as fast it was there (below 1: slower).")


def columns_in_words(names: Sequence[str], libraries: Mapping[str, Library]) -> str:
    """What the columns are, by the names that they have in tables."""
    return "; ".join([f"{name}: {OURS_IN_WORDS.get(name, libraries[name].title)}" for name in names])


def tables_of(
    workloads: Sequence[Workload], rows: Sequence[Row], names: Sequence[str], libraries: Mapping[str, Library],
) -> Iterator[tuple[str, str, str]]:
    """Title, how to read it, and the table; those that have no lines are left out."""
    compiled = [name for name in names if libraries[name].compiles]
    base = next((name for name in ("jit", "eager", *names) if name in names), "")
    for title, words, text in (
        ("Relative to the best of the others",
         "The fastest of the others on each workload (\"who\") and its time; then ours, as multiples of that time. "
         "0.5 is twice as fast, 2 half as fast.", best_table(rows, names)),
        (f"Relative to {base}", f"The time of each, as a multiple of that of {base} on the same workload.",
         ratio_table(rows, names)),
        ("Until the second result",
         "How long the first two calls take together: tracing, compiling, and running twice. All other times are of "
         "later calls.", first_call_table(rows, compiled)),
        ("Relative to memory",
         "The time as a multiple of what reading the inputs and writing the results once takes: nothing can be far "
         "below 1.", bandwidth_table(rows, names)),
        ("Size",
         "How the time grows with the size: what a call costs when there is next to nothing to do, what one more "
         "element costs, and the power of the size (1: twice the elements, twice the time).",
         growth_table(rows, names)),
        ("Goals",
         "What this project asks of itself, and whether this run reached it: the workload, the goal, what was measured "
         "here, and yes or no. \"on 12 of 13\" counts workloads.", target_table(workloads, rows)),
    ):
        if text:
            yield title, words, text
