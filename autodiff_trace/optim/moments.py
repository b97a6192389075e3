"""Optimisers that divide by a running size of the gradient: Adam, AdamW, RMSProp, Adagrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from ..core.tracebacks import border
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from .hyperparameters import Rate, fit, fraction, is_schedule, is_zero, not_negative, rate
from .leaves import conjugate_of, keep, real_zeros, root, square_of, zeros
from .stepping import GradientTransformation, Optimizer, Rule, make_optimizer, make_transformation

__all__ = ["adagrad", "adam", "adamw", "rmsprop", "scale_by_adam"]


class AdamState(NamedTuple):
    """The number of steps so far, and running means of the gradients and of their squares."""

    count: int
    mean: Any
    square: Any


@dataclass(frozen=True)
class Adam(Rule):
    b1: Any
    b2: Any
    eps: Any
    weight_decay: Any = 0.0

    state_type = AdamState

    @property
    def needs_params(self):
        return not is_zero(self.weight_decay)

    def slots(self, leaf):
        return zeros(leaf), real_zeros(leaf)

    def numbers(self, count):
        # The running means start at zero; dividing takes that bias out.
        return 1 / (1 - self.b1**count), 1 / (1 - self.b2**count)

    def direction(self, g, p, slots, numbers):
        mean, square = slots
        b1, b2, eps = self.b1, self.b2, self.eps
        mean = keep(b1 * mean + (1 - b1) * g, mean)
        square = keep(b2 * square + (1 - b2) * square_of(g), square)
        g = (mean * fit(numbers[0], mean)) / (root(square * fit(numbers[1], mean)) + eps)
        if self.needs_params:
            g = g + self.weight_decay * conjugate_of(p)
        return g, (mean, square)


@border
def adam(
    learning_rate: Rate = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, **unknown: NoReturn
) -> Optimizer:
    """Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1).

    Arguments:
        learning_rate: a number, or a schedule: a function of the number of steps so far.
        b1, b2: how much of the running means of gradients and of their squares stays in a step.
        eps: is added to the root of the mean square.

    >>> from autodiff_trace import optim
    >>> optimizer = optim.adam(0.1)
    >>> params, state = optimizer.update(4.0, optimizer.init(1.0), 1.0)
    >>> round(float(params), 6)
    0.9
    """
    if unknown:
        raise unknown_keyword("adam", unknown)
    return make_optimizer("adam", adam_rule("adam", b1, b2, eps), rate("adam", "learning_rate", learning_rate))


@border
def adamw(
    learning_rate: Rate = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, weight_decay: float = 1e-2,
    **unknown: NoReturn,
) -> Optimizer:
    """Adam with decoupled weight decay: p ← p − learning_rate·(step of Adam + weight_decay·p).

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, with the decay times the rate, as in
    PyTorch and optax. To decay some parameters alone:
    ``chain(scale_by_adam(), add_decayed_weights(1e-2, mask), sgd(learning_rate))``.

    >>> from autodiff_trace import optim
    >>> optimizer = optim.adamw(0.1, weight_decay=0.5)
    >>> round(float(optimizer.update(4.0, optimizer.init(1.0), 1.0)[0]), 6)
    0.85
    """
    if unknown:
        raise unknown_keyword("adamw", unknown)
    rule = adam_rule("adamw", b1, b2, eps, not_negative("adamw", "weight_decay", weight_decay))
    return make_optimizer("adamw", rule, rate("adamw", "learning_rate", learning_rate))


@border
def scale_by_adam(
    b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, **unknown: NoReturn
) -> GradientTransformation:
    """The direction of Adam, for :func:`chain`.

    >>> from autodiff_trace import optim
    >>> optimizer = optim.chain(optim.scale_by_adam(), optim.sgd(0.1))
    >>> round(float(optimizer.update(4.0, optimizer.init(1.0), 1.0)[0]), 6)
    0.9
    """
    if unknown:
        raise unknown_keyword("scale_by_adam", unknown)
    return make_transformation("scale_by_adam", adam_rule("scale_by_adam", b1, b2, eps))


def adam_rule(function: str, b1: Any, b2: Any, eps: Any, weight_decay: Any = 0.0) -> Adam:
    return Adam(
        fraction(function, "b1", b1), fraction(function, "b2", b2), not_negative(function, "eps", eps), weight_decay)


class RMSPropState(NamedTuple):
    """The number of steps so far, where a schedule asks for it, running means of the squares of gradients and of these,
    and the velocity."""

    count: int | None
    square: Any
    mean: Any
    velocity: Any


@dataclass(frozen=True)
class RMSProp(Rule):
    decay: Any
    eps: Any
    momentum: Any
    centered: bool
    counts: bool

    state_type = RMSPropState

    @property
    def fields(self):
        return "square", *["mean"] * self.centered, *["velocity"] * (not is_zero(self.momentum))

    def slots(self, leaf):
        return tuple([real_zeros(leaf) if field == "square" else zeros(leaf) for field in self.fields])

    def direction(self, g, p, slots, numbers):
        decay = self.decay
        new = [keep(decay * slots[0] + (1 - decay) * square_of(g), slots[0])]
        size = new[0]
        if self.centered:
            new.append(keep(decay * slots[1] + (1 - decay) * g, slots[1]))
            size = anp.maximum(size - square_of(new[1]), 0.0)  # it is no less but for rounding
        g = g / (root(size) + self.eps)
        if len(slots) > len(new):
            g = keep(self.momentum * slots[-1] + g, slots[-1])
            new.append(g)
        return g, new


@border
def rmsprop(
    learning_rate: Rate = 1e-2, decay: float = 0.99, eps: float = 1e-8, momentum: float = 0.0, centered: bool = False,
    **unknown: NoReturn,
) -> Optimizer:
    """RMSProp (Hinton, lectures of 2012): gradients divided by the root of the running mean of their squares.

    Arguments:
        learning_rate: a number, or a schedule.
        decay: how much of the mean stays in a step.
        eps: is added to the root.
        momentum: v ← momentum·v + direction, p ← p − learning_rate·v.
        centered: divide by the running deviation instead (Graves, "Generating sequences …", 2013).

    Defaults and conventions are PyTorch's.

    >>> from autodiff_trace import optim
    >>> optimizer = optim.rmsprop(0.1)
    >>> round(float(optimizer.update(4.0, optimizer.init(1.0), 1.0)[0]), 6)
    0.0
    """
    if unknown:
        raise unknown_keyword("rmsprop", unknown)
    learning_rate = rate("rmsprop", "learning_rate", learning_rate)
    rule = RMSProp(
        fraction("rmsprop", "decay", decay), not_negative("rmsprop", "eps", eps),
        fraction("rmsprop", "momentum", momentum), bool(centered), is_schedule(learning_rate))
    return make_optimizer("rmsprop", rule, learning_rate)


class AdagradState(NamedTuple):
    """The number of steps so far, and the sums of the squares of gradients."""

    count: int
    total: Any


@dataclass(frozen=True)
class Adagrad(Rule):
    lr_decay: Any
    initial: Any
    eps: Any

    state_type = AdagradState

    def slots(self, leaf):
        zero = real_zeros(leaf)
        return (zero if zero is None or is_zero(self.initial) else keep(zero + self.initial, zero),)

    def numbers(self, count):
        return () if is_zero(self.lr_decay) else (1 / (1 + (count - 1) * self.lr_decay),)

    def direction(self, g, p, slots, numbers):
        total = keep(slots[0] + square_of(g), slots[0])
        g = g / (root(total) + self.eps)
        return (fit(numbers[0], g) * g if numbers else g), (total,)


@border
def adagrad(
    learning_rate: Rate = 1e-2, lr_decay: float = 0.0, initial: float = 0.0, eps: float = 1e-10, **unknown: NoReturn
) -> Optimizer:
    """Adagrad (Duchi, Hazan and Singer, 2011): gradients divided by the root of the sum of their squares.

    Arguments:
        learning_rate: a number, or a schedule.
        lr_decay: the rate is divided by 1 + lr_decay·(steps so far).
        initial: what the sums begin with.
        eps: is added to the root.

    Defaults and conventions are PyTorch's.

    >>> from autodiff_trace import optim
    >>> optimizer = optim.adagrad(0.1)
    >>> round(float(optimizer.update(4.0, optimizer.init(1.0), 1.0)[0]), 6)
    0.9
    """
    if unknown:
        raise unknown_keyword("adagrad", unknown)
    rule = Adagrad(
        not_negative("adagrad", "lr_decay", lr_decay), not_negative("adagrad", "initial", initial),
        not_negative("adagrad", "eps", eps))
    return make_optimizer("adagrad", rule, rate("adagrad", "learning_rate", learning_rate))
