"""Values of which there is a choice, computed for another choice as well. Knows no NumPy rule.

Which orthonormal vectors belong to equal eigenvalues is a choice. What does not depend on it comes out alike for any
two choices; what does, comes out alike by accident alone, if the second choice is in general position. So a primitive
that makes such a choice returns its values boxed with others, and below all other traces both are computed side by
side. Whether they agree is compared by primitives that have a function ``compare(prim, values, others)``: it gives
the answer for the arguments of both choices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .derivative import by_argument
from .lowest import ChangeLostError, LowestTrace, must_follow
from .tracer import box_classes, boxers

__all__ = ["CHOICES", "ChoiceTrace", "both_choices", "choice", "depends_on_choice", "with_other"]


class ChoiceTrace(LowestTrace):
    """The node of a box is its value for the other choice. What is piecewise constant is taken from the first."""

    special = "compare"

    def __init__(self) -> None:
        self.level = 0
        self.is_used = False

    def answer(self, compare, prim, args):
        return compare(prim, [choice(arg, 0) for arg in args], [choice(arg, 1) for arg in args])

    def process_nondifferentiable(self, prim, args, kwargs):
        if not prim.traits.differs_by_choice:
            return super().process_nondifferentiable(prim, args, kwargs)
        return self.process_general(prim, args, kwargs)

    @staticmethod
    def make_node(prim, argument, node, ans, values, kwargs):
        args, keywords = list(values), dict(kwargs)
        for place, other in by_argument(argument, node).items():
            target = keywords if type(place) is str else args
            target[place] = merge(target[place], other)
        try:
            return match(prim(*args, **keywords), ans)
        except Exception:  # where a mask, say, of the first choice does not fit the other
            return match(None, ans)

    def output_node(self, node, outputs, i):
        return node[i]

    def plain(self, box):  # no derivative is dropped
        if must_follow.get():
            raise ChangeLostError
        return box._value


CHOICES = ChoiceTrace()


def with_other(value: Any, other: Any) -> Any:
    """``value``, which would be ``other`` for another choice."""
    CHOICES.is_used = True
    return boxers[type(value)](value, CHOICES, other)


def depends_on_choice(x: Any) -> bool:
    """Whether ``x`` is boxed with its value for another choice."""
    return type(x) in box_classes and x._trace is CHOICES


def both_choices(x: Any, other: Any) -> Any:
    """What is computed for each choice by itself, as one; None and what is no array are as for the first."""
    return with_other(x, match(other, x)) if hasattr(x, "dtype") and type(x) in boxers else x


def choice(x: Any, which: int) -> Any:
    """What ``x`` is for the first choice (0) or the other (1)."""
    if not depends_on_choice(x):
        return x
    return x._value if which == 0 or x._node is None else x._node


def merge(value: Any, other: Any) -> Any:
    """``other``; where that is None, also inside sequences, ``value``."""
    if type(other) is list:
        return type(value)(map(merge, value, other))
    return value if other is None else other


def match(other: Any, ans: Any) -> Any:
    """``other``, if it is like ``ans``; else it is not known."""
    if isinstance(ans, Sequence):
        return [match(each, like) for each, like in zip(other or [None] * len(ans), ans)]
    if getattr(other, "shape", None) == ans.shape and other.dtype == ans.dtype:
        return other
    return ans * math.nan if ans.dtype.kind in "fc" else ans
