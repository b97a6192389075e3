"""The gradient descent of saddle and particle (Siskind, Pearlmutter 2008): its steps grow while they succeed."""

from __future__ import annotations

from collections.abc import Callable

from autodiff_trace import grad, jacfwd
from autodiff_trace import numpy as anp

__all__ = ["MODES", "maximum_place", "minimum_place"]

TOLERANCE = 1e-5
FIRST_RATE = 1e-5
SUCCESSES = 10
"""After as many steps in a row that reached less the rate is doubled."""

MODES = {"r": grad, "f": jacfwd}
"""Reverse and forward mode, by the letter in the names of the suite's functions."""


def minimum_place(f: Callable, gradient: Callable, x):
    """Where ``f`` is least, from ``x``; the values may be traced ones."""
    value, slope, rate, successes = f(x), gradient(x), FIRST_RATE, 0
    while length(slope) > TOLERANCE:
        if successes == SUCCESSES:
            rate, successes = 2.0 * rate, 0
            continue
        step = rate * slope
        if length(step) <= TOLERANCE:
            break
        new_value = f(x - step)
        if new_value < value:
            x, value, successes = x - step, new_value, successes + 1
            slope = gradient(x)
        else:
            rate, successes = rate / 2.0, 0
    return x


def maximum_place(f: Callable, gradient: Callable, x):
    return minimum_place(lambda x: -f(x), lambda x: -gradient(x), x)


def length(x):
    return anp.sqrt(anp.sum(x * x))
