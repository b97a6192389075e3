"""What the tests of ``jit`` share: results compared with those of the function itself, warnings counted."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autodiff_trace
from autodiff_trace import jit, tree_flatten
from autodiff_trace.compiler.backends.native.back_end import is_installed
from autodiff_trace.compiler.jitted import Jitted, JitWarning

__all__ = ["assert_same", "check_calls", "expect_warnings"]

PACKAGE = str(Path(autodiff_trace.__file__).parent)

#: Of numbers in single precision, where the native back end's own functions may differ by two units in the last place.
SINGLE = 5e-7 if is_installed() else 1e-12


def assert_same(actual: Any, expected: Any) -> None:
    """The same containers, types, shapes and dtypes, and values but for rounding."""
    leaves, structure = tree_flatten(actual)
    expected_leaves, expected_structure = tree_flatten(expected)
    assert structure == expected_structure
    for x, y in zip(leaves, expected_leaves):
        assert type(x) is type(y), f"{x!r}, but {y!r} is expected"
        if isinstance(y, (np.ndarray, np.generic)):
            assert (x.dtype, x.shape) == (y.dtype, y.shape)
        if isinstance(y, (np.ndarray, np.generic, float, complex)):
            is_single = isinstance(y, (np.ndarray, np.generic)) and y.dtype.char in "fF"
            np.testing.assert_allclose(x, y, rtol=SINGLE if is_single else 1e-12)
        else:
            assert x == y


def check_calls(fun: Callable, *calls: Any, **options: Any) -> Jitted:
    """``jit(fun)`` gives what ``fun`` gives, in two rounds through ``calls``: each one argument, or a tuple of them."""
    compiled = jit(fun, **options)
    for args in calls * 2:
        args = args if isinstance(args, tuple) else (args,)
        assert_same(compiled(*args), fun(*args))
    return compiled


@contextlib.contextmanager
def expect_warnings(match: str, count: int = 1) -> Iterator[None]:
    """Expect so many JitWarnings that say ``match``, and no others; they point at the line of the call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert len(caught) == count, [str(each.message) for each in caught]
    for each in caught:
        assert each.category is JitWarning and match in str(each.message), each.message
        assert not each.filename.startswith(PACKAGE)
