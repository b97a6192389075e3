"""The mode "compiled" of the tables: ``jit`` of a function, and of its pullback, does what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff_trace import jit, tree_flatten, tree_map, tree_unflatten, vjp
from autodiff_trace.testing import is_inexact

__all__ = ["assert_like", "check_compiled", "to_number"]


def check_compiled(row: Any) -> None:
    """The value and the cotangents in one program: traced, and replayed for the same values and for others."""

    of_varied, values = of_inexact(row.traced, row.args)

    def value_and_cotangents(*values):
        output, pullback = vjp(of_varied, *values)
        # NumPy gives a number or an array of no dimensions, as it likes; definitions of its functions do not follow it.
        return tree_map(to_number, output), pullback(tree_map(cotangent, output))

    compare_calls(value_and_cotangents, values)


def of_inexact(function: Callable, args: tuple) -> tuple[Callable, tuple]:
    """``function`` of the floating-point leaves of ``args`` alone, and these leaves."""
    leaves, structure = tree_flatten(args)
    varied = [i for i, leaf in enumerate(leaves) if is_inexact(leaf)]

    others = tuple([None if i in varied else leaf for i, leaf in enumerate(leaves)])

    def of_varied(*values):
        new = list(others)
        for i, value in zip(varied, values, strict=True):
            new[i] = value
        return function(*tree_unflatten(structure, new))

    return of_varied, tuple([leaves[i] for i in varied])


def compare_calls(function: Callable, args: tuple) -> None:
    compiled = jit(function)
    expected = function(*args)
    assert_like(compiled(*args), expected)
    assert_like(compiled(*args), expected)
    info = compiled.cache_info()
    assert (info.traces, info.hits) == (1, 1), f"a call like the first one was no replay: {info}"
    others = other_values(function, args)
    if others is not None:
        assert_like(compiled(*others), function(*others))
        info = compiled.cache_info()
        assert info.hits == 2 or info.traces == 2, "other values were neither replayed nor traced"


def other_values(function: Callable, args: tuple) -> tuple | None:
    """Arguments near by, at which the function is defined: each element changed by itself, or else all alike."""
    rng = np.random.default_rng(0)
    changes = [lambda x: 1 + 1e-3 * rng.normal(size=np.shape(x)), lambda x: 1 - 1e-3, lambda x: 1 + 1e-3]
    for change in changes:
        others = tree_map(lambda x: changed(x, change(x)) if is_inexact(x) else x, args)
        try:
            function(*others)
        except (ArithmeticError, ValueError, Warning, np.linalg.LinAlgError):
            continue
        return others
    return None


def changed(x: Any, factor: Any) -> Any:
    """``x * factor``, of the type of ``x`` and laid out in memory like it."""
    if not isinstance(x, np.ndarray):
        return type(x)(x * factor)
    return np.multiply(x, factor, out=np.empty_like(x))


def to_number(x: Any) -> Any:
    return x if np.ndim(x) or not hasattr(x, "dtype") else x[()]


def cotangent(output: Any) -> Any:
    """A cotangent whose elements differ; outputs that are no floating-point numbers stand for themselves."""
    if not is_inexact(output):
        return output
    return np.cos(np.arange(np.size(output))).reshape(np.shape(output)).astype(np.result_type(output))[()]


def assert_like(found: Any, expected: Any, eps: float = 2.3e-16) -> None:
    """Equal in structure, types, shapes and dtypes, and to 1e-12 in value; more coarsely for an ``eps`` that is.

    The tolerance is relative to the element and, for sums that cancel, a hundredth of it to the largest one.
    """
    found_leaves, found_structure = tree_flatten(found)
    leaves, structure = tree_flatten(expected)
    assert found_structure == structure
    for x, y in zip(found_leaves, leaves, strict=True):
        assert type(x) is type(y), f"{type(x).__name__} instead of {type(y).__name__}"
        if not isinstance(y, (np.ndarray, np.generic, int, float, complex)):
            assert x == y
            continue
        assert np.shape(x) == np.shape(y)
        dtype = np.asarray(y).dtype
        assert np.asarray(x).dtype == dtype
        if dtype.kind not in "fc" or not np.size(y):
            np.testing.assert_array_equal(x, y)
            continue
        rtol = 1e-12 * max(eps, np.finfo(dtype).eps) / 2.3e-16
        magnitudes = np.abs(y)
        largest = np.max(magnitudes, where=np.isfinite(magnitudes), initial=0.0)
        np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-2 * rtol * largest)
