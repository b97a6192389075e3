"""Transformations of gradients, and their chains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ..core.pytree import tree_flatten, tree_unflatten
from ..core.tracebacks import border
from ..core.tree_paths import first_difference, path_text
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from .hyperparameters import Rate, fit, not_negative, rate, rate_at
from .leaves import conjugate_of, flat_gradients, keep, root, square_of
from .momentum import CountState
from .stepping import GradientTransformation, Optimizer, Rule, make_transformation

__all__ = ["add_decayed_weights", "chain", "clip_by_norm", "clip_by_value", "global_norm", "scale", "scale_by_schedule"]


@border
def chain(*steps: Any, **unknown: NoReturn) -> Any:
    """Transformations of gradients one after the other; with an optimiser at the end an optimiser.

    >>> from autodiff_trace import optim
    >>> optimizer = optim.chain(optim.clip_by_norm(1.0), optim.sgd(0.5))
    >>> optimizer.update(8.0, optimizer.init(4.0), 4.0)[0]
    np.float64(3.5)
    """
    if unknown:
        raise unknown_keyword("chain", unknown)
    if not steps:
        raise TypeError("chain: there is nothing to chain; write chain(clip_by_norm(1.0), adam(0.001)).")
    for i, step in enumerate(steps):
        if isinstance(step, Optimizer):
            if i < len(steps) - 1:
                raise TypeError(
                    f"chain: step {i} is an optimiser, which changes parameters; it has to be the last one. Its "
                    "direction alone is a transformation, such as scale_by_adam().")
        elif isinstance(step, (list, tuple)) and not isinstance(step, GradientTransformation):
            raise TypeError(f"chain: step {i} is a {type(step).__name__}; write chain(*steps).")
        elif not isinstance(step, GradientTransformation):
            if isinstance(step, list):
                raise TypeError(f"chain: step {i} is a list. Write chain(*steps), chain(clip_by_norm(1), adam(0.001)).")
            raise TypeError(
                f"chain: step {i} is {step!r}; each is a GradientTransformation, such as clip_by_norm(1.0), and the "
                "last one may be an optimiser.")
    kind = Optimizer if isinstance(steps[-1], Optimizer) else GradientTransformation
    return kind(ChainInit(steps), ChainStep(steps))


@dataclass(frozen=True)
class ChainInit:
    steps: tuple

    @border
    def __call__(self, params: Any) -> tuple:
        return tuple([step.init(params) for step in self.steps])


@dataclass(frozen=True)
class ChainStep:
    steps: tuple

    @border
    def __call__(self, grads: Any, state: Any, params: Any = None) -> tuple[Any, tuple]:
        if type(state) is not tuple or len(state) != len(self.steps):
            raise TypeError(
                f"chain: the state is no tuple of {len(self.steps)} states; hand over what init(params) gave: "
                "update(grads, state, params).")
        states = []
        for step, own in zip(self.steps, state):
            grads, own = step.update(grads, own, params)
            states.append(own)
        return grads, tuple(states)


@dataclass(frozen=True)
class ClipByValue(Rule):
    limit: Any

    def direction(self, g, p, slots, numbers):
        if anp.iscomplexobj(g):
            raise TypeError("clip_by_value: a gradient is complex, and has no order; take clip_by_norm.")
        return keep(anp.clip(g, -self.limit, self.limit), g), ()


@border
def clip_by_value(limit: float, **unknown: NoReturn) -> GradientTransformation:
    """Each element of the gradients from −limit to limit.

    >>> from autodiff_trace import optim
    >>> optim.clip_by_value(1.0).update(np.array([-3.0, 0.5]), None)[0]
    array([-1. ,  0.5])
    """
    if unknown:
        raise unknown_keyword("clip_by_value", unknown)
    return make_transformation("clip_by_value", ClipByValue(not_negative("clip_by_value", "limit", limit)))


@dataclass(frozen=True)
class Scale(Rule):
    factor: Any

    def direction(self, g, p, slots, numbers):
        return keep(self.factor * g, g), ()


@border
def scale(factor: float, **unknown: NoReturn) -> GradientTransformation:
    """Gradients times a number.

    >>> from autodiff_trace import optim
    >>> optim.scale(0.5).update(3.0, None)[0]
    1.5
    """
    if unknown:
        raise unknown_keyword("scale", unknown)
    return make_transformation("scale", Scale(not_negative("scale", "factor", factor)))


@dataclass(frozen=True)
class ScaleBySchedule(Rule):
    schedule: Callable

    state_type = CountState

    def numbers(self, count):
        return (rate_at(self.schedule, count - 1),)

    def direction(self, g, p, slots, numbers):
        return fit(numbers[0], g) * g, ()


@border
def scale_by_schedule(schedule: Rate, **unknown: NoReturn) -> GradientTransformation:
    """Gradients times what a schedule gives for the number of steps so far.

    >>> from autodiff_trace import optim
    >>> transformation = optim.scale_by_schedule(optim.linear(1.0, 0.0, 4))
    >>> g, state = transformation.update(8.0, transformation.init(0.0))
    >>> g, transformation.update(8.0, state)[0]
    (8.0, 6.0)
    """
    if unknown:
        raise unknown_keyword("scale_by_schedule", unknown)
    return make_transformation("scale_by_schedule", ScaleBySchedule(rate("scale_by_schedule", "schedule", schedule)))


# Those that look at all leaves


@border
def global_norm(tree: Any) -> Any:
    """The root of the sum of the squares of all numbers in ``tree``, computed in double precision.

    >>> from autodiff_trace import optim
    >>> float(optim.global_norm({"w": np.array([3.0, 0.0]), "b": 4.0}))
    5.0
    """
    return root(sum_of_squares(flat_gradients("global_norm", tree, None)[0]))


def sum_of_squares(leaves: list) -> Any:
    total: Any = 0.0
    for g in leaves:
        if g is not None:
            double = DOUBLE.get(getattr(g, "dtype", None))
            total = total + anp.sum(square_of(g if double is None else anp.astype(g, double)))
    return total


DOUBLE = {np.dtype(np.float16): np.float64, np.dtype(np.float32): np.float64, np.dtype(np.complex64): np.complex128}
"""The double precision of what has less, in which squares of large numbers are no infinities."""


def without_state(params: Any) -> None:
    """The state of a transformation that has none."""


@dataclass(frozen=True)
class ClipByNorm:
    limit: Any

    @border
    def __call__(self, grads: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        check_no_state("clip_by_norm", state)
        leaves, _, structure = flat_gradients("clip_by_norm", grads, params)
        square = sum_of_squares(leaves)
        is_long = square > self.limit * self.limit
        factor = anp.where(is_long, self.limit / anp.sqrt(anp.where(is_long, square, 1.0)), 1.0)
        # What is not a number stays so: it is seen in the parameters.
        factor = anp.where(anp.isnan(square), square, factor)
        return tree_unflatten(structure, [g if g is None else fit(factor, g) * g for g in leaves]), state


@border
def clip_by_norm(limit: float, **unknown: NoReturn) -> GradientTransformation:
    """Gradients scaled down, where the norm of all together is larger, to the norm ``limit``.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.

    >>> from autodiff_trace import optim
    >>> grads, _ = optim.clip_by_norm(1.0).update({"w": np.array([3.0, 0.0]), "b": 4.0}, None)
    >>> grads["w"].round(6), round(float(grads["b"]), 6)
    (array([0.6, 0. ]), 0.8)
    """
    if unknown:
        raise unknown_keyword("clip_by_norm", unknown)
    return GradientTransformation(without_state, ClipByNorm(not_negative("clip_by_norm", "limit", limit)))


@dataclass(frozen=True)
class AddDecayedWeights:
    weight_decay: Any
    mask: Any

    @border
    def __call__(self, grads: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        name = "add_decayed_weights"
        if params is None:
            raise TypeError(f"{name}: update needs the parameters, too: update(grads, state, params).")
        check_no_state(name, state)
        leaves, weights, structure = flat_gradients(name, grads, params)
        chosen = [True] * len(leaves)
        if self.mask is not None:
            chosen, own = tree_flatten(self.mask(params) if callable(self.mask) else self.mask)
            if own != structure:
                raise ValueError(
                    f"{name}: the structures differ: mask and params: {first_difference(own, structure)}.")
            for i, each in enumerate(chosen):
                if not isinstance(each, (bool, np.bool_)):
                    raise TypeError(f"{name}: mask has {each!r}{path_text(own, i)}, where True or False belongs.")
        return tree_unflatten(structure, [
            keep(g + self.weight_decay * conjugate_of(p), g) if g is not None and is_chosen else g
            for g, p, is_chosen in zip(leaves, weights, chosen)
        ]), state


@border
def add_decayed_weights(weight_decay: float, mask: Any = None, **unknown: NoReturn) -> GradientTransformation:
    """Gradients plus ``weight_decay`` times the parameters: before an optimiser the gradient of a quadratic penalty.

    Arguments:
        mask: a container like the parameters of True, where they decay, and False; or a function that gives it of the
            parameters.

    >>> from autodiff_trace import optim
    >>> optimizer = optim.chain(optim.add_decayed_weights(0.5), optim.sgd(0.1))
    >>> round(float(optimizer.update(2.0, optimizer.init(4.0), 4.0)[0]), 6)
    3.6
    """
    if unknown:
        raise unknown_keyword("add_decayed_weights", unknown)
    weight_decay = not_negative("add_decayed_weights", "weight_decay", weight_decay)
    return GradientTransformation(without_state, AddDecayedWeights(weight_decay, mask))


def check_no_state(name: str, state: Any) -> None:
    if state is not None:
        raise TypeError(
            f"{name}: the state is a {type(state).__name__}, but there is none; hand over what init(params) gave: "
            "update(grads, state, params).")
