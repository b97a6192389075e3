"""Outputs compared as the suite does it: |x − y| ≤ 10⁻⁴ · max(1, |x| + |y|) for each number, the rest equal."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["TOLERANCE", "mismatches"]

TOLERANCE = 1e-4


def mismatches(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """A line for each place where ``actual`` is not what is expected.

    >>> list(mismatches({"a": [1.0, 2.0]}, {"a": [1.00001, 2.1]}))
    ['a[1]: 2.1, expected 2.0']
    >>> list(mismatches([1.0], [float("nan")])), list(mismatches([1.0], [])), list(mismatches(1.0, "1"))
    (['[0]: nan, expected 1.0'], ['length 0, expected 1'], ["'1', expected 1.0"])
    """
    place = f"{path}: " if path else ""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted({*expected, *actual}):
            if key not in expected or key not in actual:
                yield f"{place}{key!r} {'is not expected' if key in actual else 'is missing'}"
            else:
                yield from mismatches(expected[key], actual[key], f"{path}.{key}" if path else key)
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{place}length {len(actual)}, expected {len(expected)}"
        elif not close_numbers(expected, actual):
            for i, (x, y) in enumerate(zip(expected, actual)):
                yield from mismatches(x, y, f"{path}[{i}]")
    elif isinstance(expected, Real) and isinstance(actual, Real):
        if not abs(expected - actual) <= TOLERANCE * max(1.0, abs(expected) + abs(actual)):
            yield f"{place}{actual!r}, expected {expected!r}"
    elif expected != actual:
        yield f"{place}{actual!r}, expected {expected!r}"


def close_numbers(expected: list, actual: list) -> bool:
    """Whether both are arrays of numbers that agree: fast, for the millions of numbers of a Jacobian."""
    try:
        x, y = np.array(expected, dtype=float), np.array(actual, dtype=float)
    except (TypeError, ValueError):
        return False
    return x.shape == y.shape and bool(np.all(abs(x - y) <= TOLERANCE * np.maximum(1.0, abs(x) + abs(y))))
