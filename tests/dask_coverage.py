"""Which rows of the tables of rules go on Dask's arrays, lazily, and with NumPy's numbers; what is refused, and why.

``python tests/dask_coverage.py`` writes ``docs/dask_coverage.md``; ``test_dask.py`` keeps it true. Arrays are in two
chunks along each axis, and while graphs are built the scheduler raises.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from autodiff_trace import jvp, tree_leaves, tree_map, vjp, vmap  # noqa: E402
from autodiff_trace.testing import flatten_function, random_like  # noqa: E402

import coverage_document  # noqa: E402
import table  # noqa: E402

DOCUMENT = HERE.parent / "docs" / "dask_coverage.md"
MODES = ["value", "reverse", "forward", "batched"]
TOLERANCE = 1e-12

PLACE = re.compile(r" \([^()]*, line \d+\)|\(unknown line\)")


def raise_at_once(*args: Any, **kwargs: Any) -> None:
    raise AssertionError("a graph was computed while it was built")


def never_computing() -> Any:
    """A scheduler that raises when anything is computed."""
    return dask.config.set(scheduler=raise_at_once)


def to_dask(tree: Any) -> Any:
    def convert(x):
        is_inexact = isinstance(x, np.ndarray) and x.dtype.kind in "fc"
        return da.from_array(x, chunks=tuple([max(1, (n + 1) // 2) for n in x.shape])) if is_inexact else x

    return tree_map(convert, tree)


def is_of_interest(row: table.Row) -> bool:
    return any(isinstance(x, np.ndarray) and x.dtype.kind in "fc" for x in tree_leaves([list(row.args), row.kwargs]))


def rows_of_functions(each_form: bool = False) -> list[table.Row]:
    """The first row of each function, or of each form, that has an array of floating-point numbers."""
    found: dict[Any, table.Row] = {}
    for row in coverage_document.load_rows():
        key = row.form if each_form else row.name
        if key not in found and is_of_interest(row):
            found[key] = row
    return list(found.values())


def build(row: table.Row) -> dict[str, tuple[Any, Any]]:
    """For each mode what Dask's arrays and what NumPy's give, or the error of the former in the place of both."""
    flat, inputs, _ = flatten_function(row.traced, row.args)

    def function(*xs):
        return list(flat(*xs))

    rng = np.random.default_rng(0)
    outputs, pull = vjp(function, *inputs)
    cotangents = [random_like(output, rng) for output in outputs]
    tangents = [random_like(x, rng) for x in inputs]
    batch = [np.stack([x, x]) for x in inputs]
    on_dask = dataclasses.replace(row, args=tuple(to_dask(list(row.args))), kwargs=to_dask(dict(row.kwargs)))
    flat_on_dask, *_ = flatten_function(on_dask.traced, on_dask.args)

    def lazy(*xs):
        return list(flat_on_dask(*xs))

    cases = {
        "value": (lambda: vjp(lazy, *to_dask(inputs))[0], lambda: outputs),
        "reverse": (lambda: vjp(lazy, *to_dask(inputs))[1](to_dask(cotangents)), lambda: pull(cotangents)),
        "forward": (
            lambda: jvp(lazy, tuple(to_dask(inputs)), tuple(to_dask(tangents)))[1],
            lambda: jvp(function, tuple(inputs), tuple(tangents))[1],
        ),
        "batched": (lambda: vmap(lazy)(*to_dask(batch)), lambda: vmap(function)(*batch)),
    }
    found = {}
    for mode, (on_dasks, on_numpys) in cases.items():
        if mode == "batched" and "batched" in row.skip or mode in ("reverse", "forward") and "derivatives" in row.skip:
            continue
        try:
            with never_computing(), warnings.catch_warnings():
                warnings.simplefilter("error")
                ans = on_dasks()
        except Exception as error:
            found[mode] = error, error
        else:
            found[mode] = ans, on_numpys()
    return found


def is_refusal(error: Exception) -> bool:
    """Whether an error says that Dask's arrays do not have something, and what, rather than that something failed."""
    text = str(error)
    return isinstance(error, TypeError) and ("ask" in text or "size" in text or "unknown" in text)


def check_close(got: Any, wanted: Any) -> None:
    for x, y in zip(tree_leaves(got), tree_leaves(wanted), strict=True):
        assert np.shape(x) == np.shape(y), f"{np.shape(x)} instead of {np.shape(y)}"
        tolerance = 1e-6 if np.result_type(y) in (np.float32, np.complex64, np.float16) else TOLERANCE
        size = np.max(np.abs(y)[np.isfinite(y)], initial=1) if np.size(y) else 1
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * size)


def outcomes(rows: list[table.Row]) -> dict[str, dict[str, str]]:
    """For each function and mode "✓", or why it is refused. Raises AssertionError for wrong numbers."""
    built = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in rows:
            built.append((row, build(row)))
        lazy = [[ans for ans, _ in found.values() if not isinstance(ans, Exception)] for _, found in built]
        computed = dask.compute(lazy, scheduler="synchronous")[0]
    result: dict[str, dict[str, str]] = {}
    wrong = []
    for (row, found), answers in zip(built, computed):
        answers = iter(answers)
        for mode, (ans, wanted) in found.items():
            if isinstance(ans, Exception):
                if not is_refusal(ans):
                    wrong.append(f"{mode} of {row}: {ans!r}")
                result.setdefault(row.name, {}).setdefault(mode, PLACE.sub("", str(ans).split("\n")[0]))
                continue
            try:
                check_close(next(answers), wanted)
            except AssertionError as error:
                wrong.append(f"{mode} of {row}: {error}")
            result.setdefault(row.name, {}).setdefault(mode, "✓")
    assert not wrong, "\n".join(wrong)
    return result


def describe(found: dict[str, dict[str, str]]) -> str:
    """The document."""
    lines = [
        "# Dask's arrays: what goes",
        "",
        "Generated by `python tests/dask_coverage.py` from the tables of the tests; a test keeps it true. A tick says",
        "that a row of the tables, with arrays in two chunks along each axis, gives NumPy's numbers to 1e-12, and that",
        "nothing is computed while the graph is built. Ufuncs are not listed: they go block by block. Empty cells: the",
        "row has no part in that mode (vectors of `eigh` and `svd` have no derivative of their own). How to use Dask's",
        "arrays is in [dask.md](dask.md).",
        "",
        f"| function | {' | '.join(MODES)} |",
        "| --- |" + " :-: |" * len(MODES),
    ]
    refused = []
    for name in sorted(found):
        modes = found[name]
        if all(outcome == "✓" for outcome in modes.values()):
            if not is_elementwise(name):
                lines.append(f"| `{name}` | {' | '.join([modes.get(mode, '') for mode in MODES])} |")
            continue
        cells = ["✓" if modes.get(mode) == "✓" else "–" if mode in modes else "" for mode in MODES]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
        reason = next(outcome for outcome in modes.values() if outcome != "✓")
        refused.append(f"- `{name}`: {reason}")
    lines += ["", "## What is refused", "", "Before anything is computed, with the line of the caller:", "", *refused]
    return "\n".join(lines) + "\n"


def is_elementwise(name: str) -> bool:
    return isinstance(getattr(np, name, None), np.ufunc)


if __name__ == "__main__":
    DOCUMENT.write_text(describe(outcomes(rows_of_functions())), encoding="utf-8")
