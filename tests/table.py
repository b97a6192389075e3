"""Tables of functions: one row a function and a set of arguments, checked in every mode by one test.

A family's test module holds a list of rows and says ``test_family = table_test(ROWS)``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from autodiff_trace import numpy as anp
from autodiff_trace import jvp, tree_map, vjp
from autodiff_trace.testing import check_batched as compare_batches
from autodiff_trace.testing import check_grads, flatten_function, random_like
from compiled import check_compiled, of_inexact


LIBRARIES: dict[str, tuple] = {"numpy": (np, anp)}
"""Libraries whose functions rows can name, with their traced forms."""

OLDER: set[str] = set()
"""Libraries of which an older release is installed than that for which the rows are written."""


@dataclass(frozen=True)
class Row:
    """``name`` is the function's name below its library: "sum", "linalg.inv". ``args`` are floating-point arrays, which
    are differentiated, and others, which are not; ``kwargs`` are NumPy's keywords."""

    name: str
    args: tuple
    kwargs: dict[str, Any] = field(default_factory=dict)
    order: int = 2
    tolerance: float | None = None
    skip: Sequence[str] = ()  # modes that this row has no part in; the reason stands beside the row
    is_first: bool = True  # of its form, in its table
    library: str = "numpy"  # a key of LIBRARIES

    @property
    def form(self) -> tuple:
        """What rules tell apart: whatever else differs, rows of one form take the same branches of them."""
        in_full = self.order > 1 and "derivatives" not in self.skip, "compiled" not in self.skip
        return self.name, tuple([getattr(arg, "ndim", None) for arg in self.args]), tuple(sorted(self.kwargs)), in_full

    def __str__(self) -> str:
        shapes = [str(arg.shape).replace(" ", "") if hasattr(arg, "shape") else repr(arg) for arg in self.args]
        keywords = [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"{self.name}({','.join(shapes + keywords)})".replace("\n", "")[:100]

    @property
    def plain(self) -> Callable:
        """The library's own function, of the arguments alone."""
        return partial(operator.attrgetter(self.name)(LIBRARIES[self.library][0]), **self.kwargs)

    @property
    def traced(self) -> Callable:
        """The traced form of the function, of the arguments alone."""
        return partial(operator.attrgetter(self.name)(LIBRARIES[self.library][1]), **self.kwargs)


def row(
    name: str, *args: Any, order: int = 2, tolerance: float | None = None, skip: Sequence[str] = (), **kwargs: Any
) -> Row:
    """A :class:`Row`; a keyword of NumPy that is called like one of the row's own goes into ``Row(kwargs=...)``."""
    return Row(name, args, kwargs, order, tolerance, skip)


def complex_rows(rows: Sequence[Row]) -> list[Row]:
    """For each function of a table its first row, with complex arrays in the place of real ones."""
    first = {each.name: each for each in reversed(rows)}
    return [replace(each, args=tree_map(to_complex, each.args)) for each in reversed(first.values())]


def to_complex(x: Any) -> Any:
    return x * (1 - 0.5j) if getattr(getattr(x, "dtype", None), "kind", "") == "f" else x


def trace(function: Callable, row: Row) -> tuple[Any, Callable]:
    """The value of ``function`` where the floating-point arguments of the row are traced, and its pullback."""
    function, varied = of_inexact(function, row.args)
    return vjp(function, *varied)


def check_value(row: Row) -> None:
    """The value is the library's own, without traced arguments and with them."""
    expected = row.plain(*row.args)
    assert_same(row.traced(*row.args), expected)
    assert_same(trace(row.traced, row)[0], expected)


def check_derivatives(row: Row) -> None:
    """VJPs and JVPs, of first and second order, against finite differences."""
    check_grads(row.traced, *row.args, order=row.order, tolerance=row.tolerance, name=row.name)


def check_batched(row: Row) -> None:
    """``vmap`` of the function, its VJP and its JVP computes what a loop does."""
    flat, inputs, _ = flatten_function(row.traced, row.args)
    rng = np.random.default_rng(0)
    cotangents = [random_like(output, rng) for output in flat(*inputs)]
    directions = [random_like(x, rng) for x in inputs]
    compare_batches(flat, inputs, rng, row.name)
    compare_batches(lambda *xs: list(vjp(flat, *xs)[1](cotangents)), inputs, rng, f"VJP of {row.name}")
    compare_batches(lambda *xs: jvp(flat, xs, directions)[1], inputs, rng, f"JVP of {row.name}")


def check_plain_numpy(row: Row) -> None:
    """``np.f`` of a traced value has the same derivative as ``anp.f``, and so have the ufuncs of SciPy."""
    if row.library != "numpy" and not isinstance(row.plain.func, np.ufunc):
        return
    output, pull = trace(row.traced, row)
    plain_output, plain_pull = trace(row.plain, row)
    assert_same(plain_output, output)
    cotangent = tree_map(lambda x: np.ones_like(x) if np.asarray(x).dtype.kind in "fc" else x, output)
    assert_same(plain_pull(cotangent), pull(cotangent))


def check_float32(row: Row) -> None:
    """Float32 stays float32, in the value as NumPy has it and in the gradient."""
    args = tree_map(to_single, row.args)
    check_grads(row.traced, *args, order=1, tolerance=3e-2, name=row.name)


def to_single(x: Any) -> Any:
    dtype = getattr(x, "dtype", None)
    return x.astype({"f": np.float32, "c": np.complex64}[dtype.kind]) if dtype is not None and dtype.kind in "fc" else x


def assert_same(found: Any, expected: Any) -> None:
    """Equal, of the same structure, shapes and dtypes, up to rounding."""
    if isinstance(expected, (tuple, list)):
        assert type(found) is type(expected) and len(found) == len(expected)
        for pair in zip(found, expected):
            assert_same(*pair)
    elif expected is None:
        assert found is None
    else:
        assert np.shape(found) == np.shape(expected) and np.asarray(found).dtype == np.asarray(expected).dtype
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


MODES = {
    "value": check_value,
    "derivatives": check_derivatives,
    "batched": check_batched,
    "plain numpy": check_plain_numpy,
    "float32": check_float32,
    "compiled": check_compiled,
}


OF_A_FORM = ["plain numpy", "float32", "compiled"]
"""The modes in which the first row of a form is enough."""


ALL_ROWS: list[Row] = []
"""The rows of all tables that have been loaded, for the document on coverage."""


def table_test(rows: Sequence[Row]) -> Callable:
    """A test that runs each row in all modes: a test of its own for each of them would cost as much as what it runs.

    Of the rows of one form, further ones are neither compiled nor differentiated twice: both take the program that the
    rules of first order record, whatever the lengths of axes and the values are. They are not run in float32 and by
    NumPy's own name again either: dtypes, and which function it is, are those of the form.
    """
    ALL_ROWS.extend(rows)

    forms: set[tuple] = set()
    rows = [replace(each, is_first=not (each.form in forms or forms.add(each.form))) for each in rows]

    @pytest.mark.parametrize("row", rows, ids=str)
    def test(row):
        check_row(row if row.is_first else replace(row, order=1, skip=(*row.skip, *OF_A_FORM)))

    return test


def check_row(row: Row) -> None:
    """All modes of a row; an error names the modes that failed, and shows the first of them."""
    if row.library in OLDER:
        try:
            row.plain(*row.args)
        except Exception as error:
            pytest.skip(f"this release of {row.library} refuses the call: {error}")
    failures = {}
    for mode in [mode for mode in MODES if mode not in row.skip]:
        try:
            MODES[mode](row)
        except Exception as error:
            failures[mode] = error
    if failures:
        first, error = next(iter(failures.items()))
        raise AssertionError(f"{row} fails in {', '.join(failures)}; in mode {first!r}: {error}") from error
