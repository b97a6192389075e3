"""What the two traces below all others share: the infinitesimal steps of values that are split, and other choices.

They run for ever, and what they follow depends on no input. Each asks some primitives for a function of their own by
which they answer a call: ``limit`` or ``compare``.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from .derivative import DerivativeTrace
from .tracer import NO_KEYWORDS

__all__ = ["ChangeLostError", "LowestTrace", "must_follow"]

must_follow: ContextVar[bool] = ContextVar("must_follow", default=False)
"""Whether it is an error to make a plain number of a value that is followed below all other traces."""


class ChangeLostError(Exception):
    """A plain number was made of a value, so that what depends on it is not followed below all other traces."""


class LowestTrace(DerivativeTrace):
    """``special`` is the name of the function that primitives may have for this trace."""

    special: str

    def process(self, prim, args, kwargs):
        function = getattr(prim, self.special, None)
        return super().process(prim, args, kwargs) if function is None else self.answer(function, prim, args)

    def process_one(self, prim, box, argnum, values, is_beside=False):
        if hasattr(prim, self.special):
            return self.process(prim, (*values[:argnum], box, *values[argnum + 1 :]), NO_KEYWORDS)
        return super().process_one(prim, box, argnum, values, is_beside)

    def answer(self, function: Any, prim: Any, args: tuple) -> Any:
        """The answer by the function that ``prim`` has for this trace."""
        raise NotImplementedError

    def python_value(self, box, use):
        if must_follow.get() and (use is float or use is complex):
            raise ChangeLostError
        return use(box._value)

    def text(self, box):
        return str(box._value)
