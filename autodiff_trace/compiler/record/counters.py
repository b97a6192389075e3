"""Counters: Python's numbers that turns of a loop compute from the number of the turn, and items at such places.

    for i in range(1, n): c = f(c, x[i], x[i - 1])    →    for a, b in zip(x[1:n], x[:n - 1]): c = f(c, a, b)
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.array_ops import owned
from ...numpy import wrapped as anp
from ..ir.loop import Loop, slice_of
from ..ir.node import Node
from .boxes import to_python

__all__ = ["find_counters", "read_range"]

COUNTING = {operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.neg, operator.pos}


def find_counters(loop: Loop, args: Sequence) -> dict[Node, list[int]]:
    """The numbers that each turn has of its own, of which other runs have the same, with their values in all turns."""
    own = slice(loop.carried, loop.carried + loop.own)
    rows = {node: x for node, x in zip(loop.body.inputs[own], args[own]) if owned.get(id(x)) is x and x.ndim == 1}
    counters: dict[Node, list[int]] = {}
    for step in loop.body.steps if rows else ():
        if step.function is to_python and step.args[0] in rows and rows[step.args[0]].dtype.kind == "i":
            counters[step] = rows[step.args[0]].tolist()
        elif step.function in COUNTING and not counters.keys().isdisjoint(step.args) and all(
            type(arg) is int or arg in counters for arg in step.args
        ):
            columns = [counters[arg] if type(arg) is Node else itertools.repeat(arg) for arg in step.args]
            try:
                counters[step] = list(map(step.function, *columns))
            except ZeroDivisionError:
                continue  # the turn itself will raise it
    return counters


def read_range(x: Any, index: Any, places: range) -> Any:
    """Rows of items, those at ``index`` with each of ``places`` in the place of the one array in it; None where these
    are no slice of ``x``, or parts of the index are no numbers and slices."""
    parts = list(index) if type(index) is tuple else [index]
    varying = [i for i, part in enumerate(parts) if isinstance(part, np.ndarray)]
    if len(varying) != 1 or any(type(part) not in (int, slice) for part in parts if not isinstance(part, np.ndarray)):
        return None
    axis = varying[0]
    if places[0] < 0 and places[-1] < 0:
        places = range(places.start + x.shape[axis], places.stop + x.shape[axis], places.step)
    if min(places[0], places[-1]) < 0 or max(places[0], places[-1]) >= x.shape[axis]:
        return None
    parts[axis] = slice_of(places)
    rows = anp.getitem(x, tuple(parts))
    return anp.moveaxis(rows, sum(type(part) is slice for part in parts[:axis]), 0)
