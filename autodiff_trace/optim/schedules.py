"""Schedules: learning rates as functions of the number of steps made so far, from 0 on.

They are frozen dataclasses, so that they pickle, and are computed without branches, so that under ``jit`` the number of
steps is an argument like others.
"""

from __future__ import annotations

import math
from operator import itemgetter
from dataclasses import dataclass
from typing import Any, NoReturn

from ..core.tracebacks import border
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from .hyperparameters import count_of_steps, not_negative

__all__ = ["constant", "cosine", "exponential", "linear", "piecewise_constant", "warmup_cosine"]


def part_of(count: Any, begin: int, steps: int) -> Any:
    """How much of ``steps`` steps from ``begin`` on is over: from 0 to 1."""
    return anp.clip((count - float(begin)) / steps, 0.0, 1.0)  # (an unsigned count has no numbers below zero)


@dataclass(frozen=True)
class Constant:
    value: Any

    @border
    def __call__(self, count: Any) -> Any:
        return self.value


@border
def constant(value: float, **unknown: NoReturn) -> Constant:
    """The same rate in every step.

    >>> from autodiff_trace import optim
    >>> optim.constant(0.1)(7)
    0.1
    """
    if unknown:
        raise unknown_keyword("constant", unknown)
    return Constant(not_negative("constant", "value", value))


@dataclass(frozen=True)
class Linear:
    start: Any
    end: Any
    steps: int
    begin: int

    @border
    def __call__(self, count: Any) -> Any:
        return self.start + (self.end - self.start) * part_of(count, self.begin, self.steps)


@border
def linear(start: float, end: float, steps: int, begin: int = 0, **unknown: NoReturn) -> Linear:
    """From ``start`` to ``end`` in ``steps`` steps, the first of them after ``begin`` others; then ``end``.

    >>> from autodiff_trace import optim
    >>> schedule = optim.linear(1.0, 0.5, steps=2)
    >>> [float(schedule(count)) for count in range(4)]
    [1.0, 0.75, 0.5, 0.5]
    """
    if unknown:
        raise unknown_keyword("linear", unknown)
    return Linear(
        not_negative("linear", "start", start), not_negative("linear", "end", end),
        count_of_steps("linear", "steps", steps, 1), count_of_steps("linear", "begin", begin, 0))


@dataclass(frozen=True)
class Cosine:
    start: Any
    end: Any
    steps: int

    @border
    def __call__(self, count: Any) -> Any:
        return self.end + (self.start - self.end) * 0.5 * (1.0 + anp.cos(math.pi * part_of(count, 0, self.steps)))


@border
def cosine(start: float, steps: int, end: float = 0.0, **unknown: NoReturn) -> Cosine:
    """Half a cosine from ``start`` to ``end`` in ``steps`` steps; then ``end``.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without restarts.

    >>> from autodiff_trace import optim
    >>> schedule = optim.cosine(1.0, steps=2)
    >>> [round(float(schedule(count)), 6) for count in range(4)]
    [1.0, 0.5, 0.0, 0.0]
    """
    if unknown:
        raise unknown_keyword("cosine", unknown)
    return Cosine(
        not_negative("cosine", "start", start), not_negative("cosine", "end", end),
        count_of_steps("cosine", "steps", steps, 1))


@dataclass(frozen=True)
class WarmupCosine:
    warmup: Any
    decay: Any
    warmup_steps: int

    @border
    def __call__(self, count: Any) -> Any:
        if not self.warmup_steps:
            return self.decay(count)
        return anp.where(count < self.warmup_steps, self.warmup(count), self.decay(count - float(self.warmup_steps)))


@border
def warmup_cosine(
    peak: float, warmup_steps: int, steps: int, start: float = 0.0, end: float = 0.0, **unknown: NoReturn
) -> WarmupCosine:
    """A line from ``start`` to ``peak`` in ``warmup_steps`` steps, then half a cosine to ``end``; ``steps`` in all.

    >>> from autodiff_trace import optim
    >>> schedule = optim.warmup_cosine(1.0, warmup_steps=2, steps=4)
    >>> [round(float(schedule(count)), 6) for count in range(6)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.0]
    """
    if unknown:
        raise unknown_keyword("warmup_cosine", unknown)
    peak, start, end = [not_negative("warmup_cosine", name, value)
                        for name, value in (("peak", peak), ("start", start), ("end", end))]
    warmup_steps = count_of_steps("warmup_cosine", "warmup_steps", warmup_steps, 0)
    steps = count_of_steps("warmup_cosine", "steps", steps, warmup_steps + 1)
    return WarmupCosine(
        Linear(start, peak, max(warmup_steps, 1), 0), Cosine(peak, end, steps - warmup_steps), warmup_steps)


@dataclass(frozen=True)
class Exponential:
    start: Any
    factor: Any
    steps: int
    staircase: bool

    @border
    def __call__(self, count: Any) -> Any:
        return self.start * self.factor ** (count // self.steps if self.staircase else count / self.steps)


@border
def exponential(
    start: float, factor: float, steps: int = 1, staircase: bool = False, **unknown: NoReturn
) -> Exponential:
    """``start``, multiplied by ``factor`` in ``steps`` steps: little by little, or after them with ``staircase=True``.

    >>> from autodiff_trace import optim
    >>> schedule = optim.exponential(1.0, 0.25, steps=2)
    >>> [float(schedule(count)) for count in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """
    if unknown:
        raise unknown_keyword("exponential", unknown)
    return Exponential(
        not_negative("exponential", "start", start), not_negative("exponential", "factor", factor),
        count_of_steps("exponential", "steps", steps, 1), bool(staircase))


@dataclass(frozen=True)
class PiecewiseConstant:
    start: Any
    factors: tuple

    @border
    def __call__(self, count: Any) -> Any:
        value = self.start
        for step, factor in self.factors:
            value = value * anp.where(count < step, 1.0, factor)
        return value


@border
def piecewise_constant(start: float, factors: dict[int, float], **unknown: NoReturn) -> PiecewiseConstant:
    """``start``, multiplied by ``factors[n]`` after n steps, for each n.

    >>> from autodiff_trace import optim
    >>> schedule = optim.piecewise_constant(1.0, {2: 0.5, 3: 0.1})
    >>> [round(float(schedule(count)), 6) for count in range(5)]
    [1.0, 1.0, 0.5, 0.05, 0.05]
    """
    name = "piecewise_constant"
    if unknown:
        raise unknown_keyword(name, unknown)
    if not isinstance(factors, dict):
        raise TypeError(f"{name}: factors has to be a dict from steps to factors, {{1000: 0.1}}, got {factors!r}.")
    return PiecewiseConstant(not_negative(name, "start", start), tuple(sorted([
        (count_of_steps(name, "a key of factors", step, 0), not_negative(name, "a factor", factor))
        for step, factor in factors.items()
    ], key=itemgetter(0))))
