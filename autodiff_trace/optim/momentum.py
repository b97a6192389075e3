"""Gradient descent, with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from ..core.tracebacks import border
from ..core.unknown_names import unknown_keyword
from .hyperparameters import Rate, fraction, is_schedule, is_zero, rate
from .leaves import keep, zeros
from .stepping import GradientTransformation, Optimizer, Rule, make_optimizer, make_transformation

__all__ = ["scale_by_momentum", "sgd"]


class SGDState(NamedTuple):
    """The number of steps so far, where a schedule asks for it, and the velocity."""

    count: int | None
    velocity: Any


class CountState(NamedTuple):
    """The number of steps so far."""

    count: int


@dataclass(frozen=True)
class Descent(Rule):
    """The gradient as it is."""


@dataclass(frozen=True)
class ScheduledDescent(Rule):
    """The gradient as it is, with steps counted for a schedule."""

    state_type = CountState


@dataclass(frozen=True)
class Momentum(Rule):
    momentum: Any
    nesterov: bool
    counts: bool = False

    state_type = SGDState

    def slots(self, leaf):
        return (zeros(leaf),)

    def direction(self, g, p, slots, numbers):
        velocity = keep(self.momentum * slots[0] + g, slots[0])
        return (keep(g + self.momentum * velocity, velocity) if self.nesterov else velocity), (velocity,)


@border
def sgd(
    learning_rate: Rate = 1e-2, momentum: float = 0.0, nesterov: bool = False, **unknown: NoReturn
) -> Optimizer:
    """Gradient descent, with momentum v ← momentum·v + g, p ← p − learning_rate·v (Polyak, 1964).

    Arguments:
        learning_rate: a number, or a schedule: a function of the number of steps so far.
        momentum: from 0 up to 1.
        nesterov: p ← p − learning_rate·(g + momentum·v), with the new v, as in PyTorch and optax (Nesterov, 1983).

    >>> from autodiff_trace import optim
    >>> optimizer = optim.sgd(0.5)
    >>> optimizer.update({"w": 2.0}, optimizer.init({"w": 1.0}), {"w": 1.0})[0]
    {'w': 0.0}
    """
    if unknown:
        raise unknown_keyword("sgd", unknown)
    learning_rate = rate("sgd", "learning_rate", learning_rate)
    momentum = fraction("sgd", "momentum", momentum)
    if not is_zero(momentum):
        rule: Rule = Momentum(momentum, bool(nesterov), is_schedule(learning_rate))
    elif nesterov:
        raise ValueError("sgd: nesterov=True needs a momentum, such as momentum=0.9.")
    else:
        rule = ScheduledDescent() if is_schedule(learning_rate) else Descent()
    return make_optimizer("sgd", rule, learning_rate)


@border
def scale_by_momentum(momentum: float = 0.9, nesterov: bool = False, **unknown: NoReturn) -> GradientTransformation:
    """Momentum, v ← momentum·v + g, for :func:`chain`.

    >>> from autodiff_trace import optim
    >>> transformation = optim.scale_by_momentum(0.5)
    >>> g, state = transformation.update(1.0, transformation.init(0.0))
    >>> transformation.update(1.0, state)[0]
    1.5
    """
    if unknown:
        raise unknown_keyword("scale_by_momentum", unknown)
    return make_transformation(
        "scale_by_momentum", Momentum(fraction("scale_by_momentum", "momentum", momentum), bool(nesterov)))
