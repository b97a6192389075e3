"""The tables of rules, run on arrays of another library: each mode gives what it gives of NumPy's arrays."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autodiff_trace import jvp, tree_leaves, tree_map, vjp, vmap
from autodiff_trace.testing import flatten_function, random_like
import table

__all__ = ["MODES", "Library", "failures_of", "form_rows"]


@dataclass(frozen=True)
class Library:
    """``convert`` makes an array of ``kind`` of one of NumPy's, ``back`` the other way round. While something is traced
    ``guard`` is entered: it may forbid to compute."""

    kind: type
    convert: Callable[[np.ndarray], Any]
    back: Callable[[Any], np.ndarray]
    guard: Callable[[], Any] = contextlib.nullcontext
    tolerance: float = 1e-11

    def from_numpy(self, tree: Any) -> Any:
        """``tree`` with arrays of this library in the place of NumPy's."""
        return tree_map(
            lambda x: self.convert(x) if isinstance(x, np.ndarray) and x.dtype.kind in "fciub" else x, tree
        )

    def to_numpy(self, tree: Any) -> Any:
        return tree_map(lambda x: self.back(x) if type(x) is self.kind else x, tree)


def form_rows() -> list[table.Row]:
    """A row of each form of the tables of NumPy's functions, of those that have an array among their arguments."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if "scipy" not in path.name and "table_test(" in path.read_text(encoding="utf-8"):
            importlib.import_module(path.stem)
    first = {row.form: row for row in reversed(table.ALL_ROWS) if row.library == "numpy" and has_array(row)}
    return sorted(first.values(), key=lambda row: row.name)


def has_array(row: table.Row) -> bool:
    return any(isinstance(x, np.ndarray) and x.dtype.kind in "fc" for x in tree_leaves(list(row.args)))


# Each mode computes from the function of the floating-point inputs, these, and cotangents and tangents


def value(fun, inputs, gs, ts):
    return vjp(fun, *inputs)[0]


def reverse(fun, inputs, gs, ts):
    return list(vjp(fun, *inputs)[1](gs))


def forward(fun, inputs, gs, ts):
    return jvp(fun, tuple(inputs), tuple(ts))[1]


def batched(fun, inputs, gs, ts):
    axes = tuple(0 if getattr(x, "ndim", 0) else None for x in inputs)
    if not any(axis == 0 for axis in axes):
        return []
    batches = [x if axis is None else x[None] for x, axis in zip(inputs, axes)]
    return [each[0] for each in vmap(fun, in_axes=axes)(*batches)]


MODES = {"value": value, "reverse": reverse, "forward": forward, "batched": batched}


def failures_of(row: table.Row, library: Library) -> dict[str, Exception]:
    """The modes of a row that fail on the arrays of a library, with the errors; those that fail on NumPy's do not
    count."""
    args, kwargs = library.from_numpy(row.args), library.from_numpy(row.kwargs)
    plain, inputs, _ = flatten_function(row.traced, row.args)
    foreign, foreign_inputs, _ = flatten_function(replace(row, kwargs=kwargs).traced, args)
    rng = np.random.default_rng(0)
    failures = {}
    try:
        gs = [random_like(output, rng) for output in plain(*inputs)]
    except Exception:
        return {}
    ts = [number_like(x, random_like(x, rng)) for x in inputs]
    for mode, run in MODES.items():
        try:
            expected = run(lambda *xs: list(plain(*xs)), inputs, gs, ts)
        except Exception:
            continue
        try:
            with library.guard():
                found = run(
                    lambda *xs: list(foreign(*xs)), foreign_inputs, library.from_numpy(gs), library.from_numpy(ts)
                )
            compare(library, found, expected, inputs)
        except Exception as error:
            failures[mode] = error
    return failures


def number_like(x: Any, t: Any) -> Any:
    return t if isinstance(x, np.ndarray) else t[()]


def compare(library: Library, found: list, expected: list, inputs: list) -> None:
    """Equal, and where every input is an array, of this library."""
    ours = all(isinstance(x, np.ndarray) for x in inputs)
    for x, y in zip(found, expected, strict=True):
        assert type(x) is library.kind or not ours or not isinstance(y, np.ndarray), "an array of NumPy's came out"
        x = library.to_numpy(x)
        assert np.shape(x) == np.shape(y) and np.asarray(x).dtype == np.asarray(y).dtype, (x, y)
        np.testing.assert_allclose(x, y, rtol=library.tolerance, atol=1e-13)
