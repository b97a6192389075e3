"""Stepping: what all optimisers and transformations of gradients are made of.

A *rule* says for one leaf how a gradient becomes a direction, and which arrays (*slots*) it keeps from step to step.
Here rules become functions of containers, which are flattened once in a step. All are frozen dataclasses, and no
closures: so optimisers pickle, compare and print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..core.pytree import Structure, tree_flatten, tree_unflatten
from ..core.tracebacks import border
from ..core.unknown_names import add_missing
from ..numpy import wrapped as anp
from .hyperparameters import Rate, fit, rate_at
from .leaves import check_column, column_like, conjugate_of, flat_gradients, is_half, keep, move, shape_of

__all__ = ["GradientTransformation", "Optimizer", "Rule", "make_optimizer", "make_transformation"]


class Optimizer(NamedTuple):
    """``init(params)`` makes a state; ``update(grads, state, params)`` returns ``(params, state)`` one step on.

    Parameters are a pytree of arrays; leaves whose gradient is None (they are no numbers) stay as they are. Complex
    ones descend along the conjugate of their gradient, as they have to by its convention. Nothing is modified in place.

    >>> from autodiff_trace import optim
    >>> optimizer = optim.sgd(0.25)
    >>> params, state = 4.0, optimizer.init(4.0)
    >>> for _ in range(2):
    ...     params, state = optimizer.update(2 * params, state, params)
    >>> params
    1.0
    """

    init: Callable[[Any], Any]
    update: Callable[[Any, Any, Any], tuple[Any, Any]]


add_missing(Optimizer, "optimizer")


class GradientTransformation(NamedTuple):
    """``init(params)`` makes a state; ``update(grads, state, params)`` returns ``(grads, state)``, other gradients.

    :func:`chain` puts them before an optimiser. One of your own is a pair of such functions:

    >>> import numpy as np
    >>> from autodiff_trace import optim, tree_map
    >>> signs = optim.GradientTransformation(
    ...     lambda params: None, lambda grads, state, params: (tree_map(np.sign, grads), state))
    >>> optimizer = optim.chain(signs, optim.sgd(0.5))
    >>> optimizer.update(8.0, optimizer.init(4.0), 4.0)[0]
    np.float64(3.5)
    """

    init: Callable[[Any], Any]
    update: Callable[..., tuple[Any, Any]]


class Rule:
    """What a step does to one leaf. A frozen dataclass of hyperparameters."""

    state_type: Any = None
    """A named tuple of the number of steps, and then of the slots; None for a rule without a state."""

    needs_params = False

    counts = True
    """Whether steps are counted; else the number is None, and no part of a compiled step."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the state that hold slots; others are None."""
        return () if self.state_type is None else self.state_type._fields[1:]

    def slots(self, leaf: Any) -> tuple:
        """The slots that a parameter begins with."""
        return ()

    def numbers(self, count: Any) -> tuple:
        """What the ``count``-th step, counted from 1, needs for all leaves."""
        return ()

    def direction(self, g: Any, p: Any, slots: Sequence, numbers: tuple) -> tuple[Any, Sequence]:
        """The new gradient of one leaf, and its new slots."""
        return g, ()


@dataclass(frozen=True)
class Init:
    """The first state of a rule."""

    rule: Rule

    @border
    def __call__(self, params: Any) -> Any:
        kind = self.rule.state_type
        if kind is None:
            return None
        leaves, structure = tree_flatten(params)
        count = 0 if self.rule.counts else None
        return make_state(self.rule, count, structure, [self.rule.slots(leaf) for leaf in leaves])


def make_state(rule: Rule, count: Any, structure: Structure, rows: Sequence) -> Any:
    columns = zip(*rows) if rows else [()] * len(rule.fields)
    slots = {field: tree_unflatten(structure, column) for field, column in zip(rule.fields, columns)}
    return rule.state_type(count, *[slots.get(field) for field in rule.state_type._fields[1:]])


@dataclass(frozen=True)
class Step:
    """A step of a rule: other gradients, or of an optimiser with its ``learning_rate`` other parameters."""

    name: str
    rule: Rule
    learning_rate: Rate = None

    @border
    def __call__(self, grads: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        rule, kind, name = self.rule, self.rule.state_type, self.name
        if params is None and (self.learning_rate is not None or rule.needs_params):
            raise TypeError(f"{name}: update needs the parameters, too: update(grads, state, params).")
        if type(state) is not (kind or type(None)):
            wanted = "None" if kind is None else kind.__name__
            raise TypeError(
                f"{name}: the state is a {type(state).__name__}, but has to be {wanted}, what init(params) gave. The "
                "order is update(grads, state, params)."
            )
        leaves, moved, structure = flat_gradients(name, grads, params)
        columns = []
        count = None
        if kind is not None:
            if rule.counts and state[0] is None:
                raise TypeError(f"{name}: the state has counted no steps, for a schedule: begin with init(params).")
            count = state[0] + 1 if rule.counts else None
            for field in rule.fields:
                columns.append(column_like(name, field, getattr(state, field), structure))
                check_column(name, field, columns[-1], leaves, structure)
        numbers = rule.numbers(count)
        made = None if count is None else count - 1
        rate = None if self.learning_rate is None else -rate_at(self.learning_rate, made)
        results, rows = [], []
        for i, g in enumerate(leaves):
            slots = [column[i] for column in columns]
            if g is None:
                results.append(None if rate is None else moved[i])
            else:
                given = g
                g, slots = rule.direction(anp.astype(g, np.float32) if is_half(g) else g, moved[i], slots, numbers)
                if rate is not None:
                    g = move(moved[i], fit(rate, g) * conjugate_of(g))
                elif is_half(given):
                    g = keep(g, given)
                elif shape_of(g) and any([g is slot for slot in slots]):
                    g = anp.copy(g)  # what is written into it is not written into the state
                results.append(g)
            rows.append(slots)
        if kind is not None:
            state = make_state(rule, count, structure, rows)
        return tree_unflatten(structure, results), state


def make_optimizer(name: str, rule: Rule, learning_rate: Rate) -> Optimizer:
    return Optimizer(Init(rule), Step(name, rule, learning_rate))


def make_transformation(name: str, rule: Rule) -> GradientTransformation:
    return GradientTransformation(Init(rule), Step(name, rule))
