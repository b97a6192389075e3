"""Handling of floating-point errors: which steps of a program run under one setting of NumPy's."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator

import numpy as np

from ....core.traits import traits_of
from . import calls
from ...ir.loop import Loop
from ...ir.node import Node

__all__ = ["group_by_handling"]


def group_by_handling(steps: Iterable[Node]) -> Iterator[tuple[dict | None, list[Node]]]:
    """Runs of steps with one error handling, and that. Steps that it means nothing to stay with those before them."""
    state: dict | None = None
    run: list[Node] = []
    for step in steps:
        wanted = handling_of_turns(step) if type(step.function) is Loop else step.errstate
        if wanted is not state and wanted != state and not is_indifferent(step):
            if run:
                yield state, run
            state, run = wanted, []
        run.append(step)
    if run:
        yield state, run


def handling_of_turns(step: Node) -> dict | None:
    """The error handling of a loop: that of all steps of its body, if they have one."""
    runs = list(group_by_handling(step.function.body.steps))
    return runs[0][0] if len(runs) == 1 else None


def is_indifferent(step: Node) -> bool:
    """Whether NumPy's error handling means nothing to a step: it moves numbers, or Python computes it."""
    function = step.function
    if step.kind != "call" or function.__hash__ is None:
        return False
    if function in (np.float64, np.ndarray.tolist, np.generic.item, calls.copy, calls.getitem, operator.getitem):
        return True
    return traits_of(function).float_form is function and step.spec.kind in (float, bool)
