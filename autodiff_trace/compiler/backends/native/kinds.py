"""Kinds: of what kind of unit each step is a part; found once for each."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from ...ir.loop import Loop, result
from ...ir.node import Node, is_fixed, operands
from ...ir.spec import Spec
from ..numpy_source import calls
from .alone import find_alone
from .code import At
from .elementwise import Elementwise, find_elementwise
from .loops import can_repeat
from .maps import find_map
from .nest_loops import LastTurn, NestLoop, find_nest_loop, loop_shape
from .places import place_of
from .reductions import Reduction, find_closing
from .scalar_loops import is_scalar_loop, loop_rule, result_rule
from .scalars import find_scalar_rule, guard, is_guard
from .scheduling import ALONE, SCALARS, VIEW
from .views import find_view

__all__ = ["Kinds"]


class Kinds:
    """What native code makes of steps; ``own`` are the functions with code of their own."""

    def __init__(self, own: dict[np.ufunc, Callable]) -> None:
        self.own = own
        self.keys: dict[Node, Hashable] = {}
        self.scalars: dict[Node, Any] = {}
        self.rules: dict[Node, Any] = {}
        self.maps: dict[Node, Any] = {}
        self.views: dict[Node, Callable | None] = {}
        self.closings: dict[Node, Reduction | None] = {}

    def accepts(self, step: Node) -> bool:
        """Whether a step can be part of a region."""
        if step.kind not in ("call", "guard") or not all(may_be_read(node, step) for node in operands(step)):
            return False
        return self.key(step) is not None

    def key(self, step: Node) -> Hashable:
        """The kind of unit that a step is part of: ``SCALARS``, ``VIEW``, ``ALONE``, or the shape of a nest of loops;
        None if it cannot be part of a region."""
        if step not in self.keys:
            self.keys[step] = self.find_key(step)
        return self.keys[step]

    def find_key(self, step: Node) -> Hashable:
        if step.kind == "guard":
            return SCALARS if self.scalar(step) is not None else None
        if not is_held(step.spec):
            return None
        is_laid_out = not step.spec.is_array or place_of(step.spec, At(0)).is_dense()
        if not is_laid_out and self.view(step) is None:
            return None  # it may be its operand, a view
        if self.scalar(step) is not None:
            return SCALARS
        if step.function is result and type(self.elementwise(step)) is LastTurn:
            return step.spec.shape
        if self.view(step) is not None:
            return VIEW
        if self.elementwise(step) is not None:
            return loop_shape(step) if type(step.function) is Loop else step.spec.shape
        if type(step.function) is Loop:
            is_loop = self.map(step) is not None or can_repeat(step, lambda each: self.key(each) is not None)
            return ALONE if is_loop else None
        if step.spec.items:
            return ALONE if find_alone(step, self.own) is not None else None
        if not step.spec.size:
            return None
        if self.own and (closing := self.closing(step)) is not None:
            return closing.x.spec.shape
        return ALONE if find_alone(step, self.own) is not None else None

    def scalar(self, step: Node) -> Any:
        """How a step is computed number by number; None if it is not."""
        if step not in self.scalars:
            self.scalars[step] = self.find_scalar(step)
        return self.scalars[step]

    def find_scalar(self, step: Node) -> Any:
        if step.kind == "guard":
            return guard if is_guard(step) else None
        if type(step.function) is Loop:
            return loop_rule if self.map(step) is None and is_scalar_loop(step, self.scalar) else None
        if step.function is result:
            return result_rule if not step.spec.items and self.scalar(step.args[0]) is not None else None
        return find_scalar_rule(step, self.own)

    def elementwise(self, step: Node) -> Elementwise | NestLoop | LastTurn | None:
        """How a step is computed in a nest of loops; None if it is not."""
        if step not in self.rules:
            self.rules[step] = self.find_elementwise(step)
        return self.rules[step]

    def find_elementwise(self, step: Node) -> Elementwise | NestLoop | LastTurn | None:
        if type(step.function) is Loop:
            if self.map(step) is not None:
                return None
            return find_nest_loop(step, lambda each: find_elementwise(each, self.own))
        if step.function is result:
            return LastTurn(step) if not step.spec.items and type(self.elementwise(step.args[0])) is NestLoop else None
        return find_elementwise(step, self.own) if step.spec.size and not step.spec.items else None

    def map(self, step: Node) -> Any:
        """How a loop is computed for all turns at once; None if it is not."""
        if step not in self.maps:
            self.maps[step] = find_map(step, lambda each: find_elementwise(each, self.own))
        return self.maps[step]

    def view(self, step: Node) -> Callable | None:
        """What gives the place of a view; None if a step is none."""
        if step not in self.views:
            self.views[step] = find_view(step)
        return self.views[step]

    def closing(self, step: Node) -> Reduction | None:
        """The reduction that a step is if it can close a nest; None for others."""
        if step not in self.closings:
            self.closings[step] = find_closing(step)
        return self.closings[step]


def may_be_read(operand: Node, step: Node) -> bool:
    """Whether a step can have an operand: a number, an array, lists of such; what is known; an index."""
    if operand.kind == "constant" and is_fixed(operand) or is_held(operand.spec):
        return True
    return operand.spec.kind is int and step.function in (calls.getitem, calls.assign, calls.scatter)


def is_held(spec: Spec) -> bool:
    """Whether a value is a number or an array, or a list of such."""
    if spec.items:
        return spec.is_sequence and all(map(is_held, spec.items))
    if spec.dtype is None:
        return spec.kind in (float, bool, complex)  # Python's integers have no end
    return spec.dtype.isnative and spec.dtype.char in "?bBhHiIlLqQfdFD"
