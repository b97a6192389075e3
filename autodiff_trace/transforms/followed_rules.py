"""Custom rules whose arguments are followed below: by derivatives outside, or as split values.

A rule has the method ``reverse(leaves, followed)``: see ``custom_rules``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core import selections
from ..core.choices import both_choices, choice, depends_on_choice
from ..core.derivative import dropped, is_followed
from ..core.errors import TracedValueError, caller_line
from ..core.infinitesimals import has_split, with_unknown_change, without_change
from .steps import has_derivative

__all__ = ["call_watching_outputs", "pull_plain", "reverse_choices", "without_any_change"]


def call_watching_outputs(name: str, role: str, rule: Callable, *args: Any) -> tuple[list, Any]:
    """``rule(*args)``, which gives outputs first. TracedValueError where they are computed with ``to_numpy`` from what
    a derivative outside follows: the rule is for the first derivative alone."""
    token = dropped.set(set())
    try:
        answer = rule(*args)
        traces = dropped.get()
    finally:
        dropped.reset(token)
    for x in answer[0] if traces else ():
        if has_derivative(x) and not all(is_followed(x, trace) for trace in traces):
            raise TracedValueError(
                f"{name}: a derivative of higher order is lost where {role} computes from to_numpy(x) "
                f"({caller_line()}). Compute the outputs in {role} by traced functions, or by a function with a custom "
                "rule of its own."
            )
    return answer


def reverse_choices(rule: Any, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
    """``rule.reverse``, for each choice by itself where leaves depend on one."""
    if not any(map(depends_on_choice, leaves)):
        return rule.reverse(leaves, followed)
    outputs, pulls = zip(*[rule.reverse([choice(x, which) for x in leaves], followed) for which in (0, 1)])
    return list(map(both_choices, *outputs)), lambda gs: pull_choices(pulls, gs)


def pull_choices(pulls: Sequence[Callable], gs: Sequence) -> list:
    gs = list(map(selections.settle, gs))
    both = [pull([choice(g, which) for g in gs]) for which, pull in enumerate(pulls)]
    return [both_choices(*map(selections.settle, pair)) for pair in zip(*both)]


def pull_plain(rule: Any, leaves: Sequence, followed: Sequence[int]) -> Callable[[list], list]:
    """What ``rule.reverse`` gives to pull cotangents back, where a function of the rule takes plain arrays alone: how
    the cotangents would change when the leaves are split is not known."""
    _, pull = rule.reverse(list(map(without_any_change, leaves)), followed)

    def pull_one(gs):
        cotangents = map(selections.settle, pull(list(map(without_any_change, gs))))
        return [g if g is None else with_unknown_change(g) for g in cotangents]

    def pull_all(gs):
        gs = list(map(selections.settle, gs))
        return pull_choices((pull_one, pull_one), gs) if any(map(depends_on_choice, gs)) else pull_one(gs)

    return pull_all


def without_any_change(x: Any) -> Any:
    """``x``, where it is split as if it were not."""
    return without_change(x) if has_split(x) else x
