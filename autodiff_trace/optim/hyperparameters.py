"""Hyperparameters: numbers that are checked when an optimiser is made, and rates that may be schedules."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.pytree import find_container
from ..core.tracer import is_box
from ..numpy import wrapped as anp

__all__ = ["Rate", "count_of_steps", "fit", "fraction", "is_schedule", "is_zero", "not_negative", "rate", "rate_at"]

Rate = float | Callable[[Any], Any]
"""A number, traced perhaps, or a schedule: a function of the number of steps made so far."""


def is_schedule(x: Rate) -> bool:
    return callable(x) and not is_box(x)


def is_zero(x: Any) -> bool:
    """Whether a hyperparameter is the plain number zero; one that is traced is none."""
    return not is_box(x) and x == 0


def number(function: str, name: str, x: Any, wanted: str, is_right: Callable[[float], bool]) -> Any:
    """``x`` as Python's number, which leaves the precision of arrays as it is; traced ones are taken as they are."""
    if is_box(x):
        if x.shape:
            raise ValueError(f"{function}: {name} has to be one number, got an array of shape {x.shape}.")
        return x
    is_number = isinstance(x, (int, float, np.integer, np.floating)) and not isinstance(x, bool)
    if isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "iuf":
        is_number = True
    if not is_number:
        hint = ""
        if find_container(type(x)) is not None or isinstance(x, np.ndarray):
            hint = "; parameters go to init(params) and update(grads, state, params)"
        raise TypeError(f"{function}: {name} has to be {wanted}, got {describe(x)}{hint}.")
    if not is_right(float(x)):
        raise ValueError(f"{function}: {name} has to be {wanted}, got {x!r}.")
    return float(x)


def describe(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return f"an array of shape {x.shape}"
    return repr(x) if x is None or isinstance(x, (str, bool, complex)) else f"a {type(x).__name__}"


def not_negative(function: str, name: str, x: Any) -> Any:
    return number(function, name, x, "a number of at least 0", lambda x: 0 <= x < math.inf)


def fraction(function: str, name: str, x: Any) -> Any:
    return number(function, name, x, "a number from 0 up to, not including, 1", lambda x: 0 <= x < 1)


def rate(function: str, name: str, x: Any) -> Rate:
    if is_schedule(x) and not isinstance(x, type):
        return x
    wanted = "a number of at least 0, or a schedule, a function of the number of steps so far"
    return number(function, name, x, wanted, lambda x: 0 <= x < math.inf)


def count_of_steps(function: str, name: str, n: Any, least: int) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"{function}: {name} has to be a whole number of steps, got {describe(n)}.")
    if n < least:
        raise ValueError(f"{function}: {name} has to be a whole number of at least {least}, got {n}.")
    return int(n)


def rate_at(x: Rate, count: Any) -> Any:
    """The rate of the step that follows ``count`` others."""
    if not is_schedule(x):
        return x
    value = x(count)
    if type(value) is np.float64:
        value = float(value)
    is_number = is_box(value) or isinstance(value, (int, float, np.generic, np.ndarray))
    if not is_number or np.shape(value) != () or getattr(value, "dtype", np.dtype(float)).kind not in "iuf":
        raise TypeError(f"the schedule {x!r} has to return one real number, got {value!r}.")
    if not is_box(value) and not 0 <= value < math.inf:
        raise ValueError(f"the schedule {x!r} gives {value!r} after {count} steps; a rate is a number of at least 0.")
    return value


def fit(x: Any, like: Any) -> Any:
    """``x``, one real number, such that products with ``like`` have the precision of that."""
    kind = getattr(like, "dtype", None)
    if type(x) is float or kind is None or kind.kind not in "fc":
        return x
    own = getattr(x, "dtype", None)
    real = kind if kind.kind == "f" else REAL.get(kind.itemsize, np.dtype(float))
    return x if own is None or own == real else anp.astype(x, real)


REAL = {8: np.dtype(np.float32), 16: np.dtype(np.float64)}
"""The real type of complex numbers of so many bytes."""
