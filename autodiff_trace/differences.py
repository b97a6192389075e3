"""Derivatives by finite differences, and how far these can be trusted."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .core.tracebacks import border

__all__ = ["Difference", "balance", "measure", "numerical_jvp", "real_dtype", "wide"]

STEPS = {np.dtype(np.float16): 5e-2, np.dtype(np.float32): 1e-2, np.dtype(np.float64): 1e-3}

ROUNDINGS = 1000
"""How many times a rule may round, where its terms are as large as the largest element of the derivative."""


class Difference(NamedTuple):
    """A derivative by differences.

    Attributes:
        value: the derivative, each element right up to ``error``.
        size: of the terms that each element is the sum of.
        eps: of the dtype that the function computes in.
    """

    value: np.ndarray
    error: float
    size: np.ndarray
    eps: float

    def plus(self, other: Difference) -> Difference:
        eps = max(self.eps, other.eps)
        return Difference(self.value + other.value, self.error + other.error, self.size + other.size, eps)

    def noise(self, tolerance: float) -> float:
        """The error of an element, and what a rule rounds: relative to the largest element at worst."""
        return 2 * self.error + min(ROUNDINGS * self.eps, tolerance) * largest(self.size)

    def allowed(self, tolerance: float) -> np.ndarray:
        """How far a derivative may be from this one."""
        return tolerance * self.size + self.noise(tolerance)

    def allowed_with(self, g: Any, tolerance: float) -> float:
        """How far its product with ``g`` may be off: errors add up as squares do."""
        weights = np.abs(np.asarray(g, wide(g)))
        noise = self.noise(tolerance) * np.linalg.norm(weights) / 2
        return float(tolerance * np.linalg.norm(weights * self.size) + noise)


def measure(flat: Callable, x: Any, direction: Any, step: float | None, tolerance: float) -> list[Difference]:
    """The derivative of ``flat`` in a direction, with its error: what half the step changes, and what rounding may.

    Where that is more than ``tolerance`` other steps are tried: a longer one is better where values are rounded, as in
    float32, a shorter one where the function bends, one of the size of ``x`` where that is not about 1.
    """
    base = step or STEPS.get(real_dtype(x), 1e-3)
    steps = [base] if step else [base, 8 * base, base / 8]
    scale = largest(x)
    if not step and scale and not 1 / 8 <= scale <= 8:
        steps.append(base * scale)
    best: list[Difference] = []
    least = np.inf
    for h in steps:
        try:
            with np.errstate(all="ignore" if best else None):
                found = measure_with(flat, x, direction, h)
        except (ArithmeticError, ValueError, Warning):
            if not best:
                raise
            continue
        error = max([each.error / (largest(each.size) or 1.0) for each in found], default=0.0)
        if not best or error < least:
            best, least = found, error
        if least < tolerance / 10:
            break
    return best


def measure_with(flat: Callable, x: Any, direction: Any, h: float) -> list[Difference]:
    difference = functools.cache(functools.partial(difference_of, flat, [x], [direction]))
    whole, half = slopes(difference, h), slopes(difference, h / 2)  # which share those of step h
    found = []
    for value, other, y in zip(whole, half, flat(x), strict=True):
        eps = float(max(np.finfo(each.dtype).eps for each in (x, y)))
        # Slopes that are smaller than the rounding of float64 may be what is left of terms that cancel.
        rounding = eps * largest(y) / h + np.finfo(float).eps * max(largest(x), h)
        # What x + h is rounded by is an error of the step.
        of_step = float(np.finfo(x.dtype).eps) * largest(x) / (h * (largest(direction) or 1.0))
        error = largest(value - other) + rounding + of_step * largest(value)
        found.append(Difference(value, float(error), np.abs(value), eps))
    return found


def largest(x: Any) -> float:
    """The largest absolute value of the finite elements; 0 if there is none."""
    size = np.abs(np.asarray(x, wide(x)))
    return float(np.max(size[np.isfinite(size)], initial=0.0))


def balance(g: Any, output: Any, expected: Difference, tolerance: float) -> Any:
    """``g`` with the signs of the derivatives and divided by their sizes, as far as they are not noise: so small ones
    count as much as large ones, and none cancel."""
    most = largest(expected.size)
    least = max(expected.error / tolerance, float(np.sqrt(np.finfo(output.dtype).eps)) * most)
    if not 0 < least < np.inf:
        return g
    small = ~(expected.size > least)
    phase = np.conj(expected.value) / np.where(small, 1.0, expected.size)
    balanced = np.where(small, g, np.abs(g) * phase) / np.maximum(expected.size, least) * min(most, 1.0)
    return balanced.astype(output.dtype)[()]


@border
def numerical_jvp(
    flat: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any], step: float | None = None
) -> list[Any]:
    """The derivative of ``flat``, a function to a list, at ``inputs`` in the direction ``tangents``.

    By central differences of fourth order: (8 (f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h.

    >>> [derivative] = numerical_jvp(lambda x: [x**3], [np.float64(2.0)], [np.float64(1.0)])
    >>> round(float(derivative), 6)
    12.0
    """
    h = step or max((STEPS.get(real_dtype(x), 1e-3) for x in inputs), default=1e-3)
    return slopes(functools.partial(difference_of, flat, inputs, tangents), h)


def slopes(difference: Callable[[float], list], h: float) -> list:
    return [(8 * near - far) / (12 * h) for near, far in zip(difference(h), difference(2 * h), strict=True)]


def difference_of(flat: Callable, inputs: Sequence, tangents: Sequence, h: float) -> list:
    """f(x+h) − f(x−h) in the direction ``tangents``, of each output."""
    plus, minus = [
        flat(*[(x + (step * t).astype(x.dtype))[()] for x, t in zip(inputs, tangents, strict=True)])
        for step in (h, -h)
    ]
    return [np.asarray(p, wide(p)) - np.asarray(m, wide(m)) for p, m in zip(plus, minus, strict=True)]


def wide(x: Any) -> type:
    return np.complex128 if np.iscomplexobj(x) else np.float64


def real_dtype(x: Any) -> np.dtype:
    return np.finfo(x.dtype).dtype if x.dtype.kind in "fc" else np.dtype(float)
