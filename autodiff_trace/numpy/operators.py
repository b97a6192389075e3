"""The operators of boxes, as methods for their class: from a primitive to ``box ∘ other`` and its kin."""

from __future__ import annotations

import operator

from ..core.asking import users_step
from ..core.errors import TracedValueError, caller_line
from ..core.fast.ownership import writing
from ..core.foreign import array_types, has_in_place
from ..core.shape_errors import name_shapes
from ..core.tracebacks import hide_frames
from ..core.tracer import NO_KEYWORDS, fixed_types, passed_types, watched_types
from ..core.unknown_names import find_way, unknown_keyword
from .array_kinds import is_array_of_others, operands_of_others, refusal
from .layouts import is_number
from .plain_scipy import why_no_plain_value

__all__ = ["binary_operator", "comparison", "forward_method", "python_value"]


def binary_operator(prim):
    """The methods of ``box ∘ other``, ``other ∘ box`` and ``box ∘= other``."""

    def call(self, other):
        try:
            return prim(self, other)
        except Exception as error:
            name_shapes(error, prim, (self, other))
            hide_frames(error)
            raise

    def call_reflected(self, other):
        try:
            return prim(other, self)
        except Exception as error:
            name_shapes(error, prim, (other, self))
            hide_frames(error)
            raise

    # Where the other operand is no box, or one of the same trace, the trace is known (0.2 µs less than calling the
    # primitive).
    def forward(self, other):
        try:
            trace = self._trace
            if type(other) in fixed_types:
                return trace.process_one(prim, self, 0, (self._value, other))
            if type(other) is type(self) and other._trace is trace:
                return trace.process(prim, (self, other), NO_KEYWORDS)
            if type(other) in watched_types:
                return prim(self, other)
            if type(other) not in passed_types:
                return meet(prim, self, other, other)
            return trace.process_one(prim, self, 0, (self._value, other), True)
        except Exception as error:
            name_shapes(error, prim, (self, other))
            hide_frames(error)
            raise

    def reflected(self, other):
        try:
            if type(other) in fixed_types:
                return self._trace.process_one(prim, self, 1, (other, self._value))
            if type(other) in watched_types:
                return prim(other, self)
            if type(other) not in passed_types:
                return meet(prim, other, self, other)
            return self._trace.process_one(prim, self, 1, (other, self._value), True)
        except Exception as error:
            name_shapes(error, prim, (other, self))
            hide_frames(error)
            raise

    def in_place(self, other):
        try:
            if is_number(self) or not has_in_place(self):
                return prim(self, other)
            with writing:
                return self.replace(prim(self, other))
        except Exception as error:
            name_shapes(error, prim, (self, other))
            hide_frames(error)
            raise

    return (forward, reflected, in_place) if prim.traits.differentiable else (call, call_reflected, in_place)


def meet(prim, x, y, other):
    """``prim(x, y)`` of a box and ``other``, whose type is not known. Where that has operators of its own, but none of
    NumPy's functions, Python tries these."""
    if is_array_of_others(type(other)) and type(other) not in array_types:
        if type(other) in operands_of_others:
            ans = operands_of_others[type(other)](prim, x, y)
            if ans is NotImplemented:
                raise refusal(prim, other)
            return ans
        if getattr(type(other), "__array_ufunc__", prim) is None:
            return NotImplemented
    return prim(x, y)


def comparison(prim):
    def compare(self, other):
        try:
            return prim(self, other)
        except Exception as error:
            name_shapes(error, prim, (self, other))
            hide_frames(error)
            raise

    return compare


def why_no_number(x, use):
    """What to tell a user where Python asks an array, or a number with a fraction, for a whole number."""
    if x.size != 1:
        return (
            f"{use.__name__}() of an array of shape {x.shape} ({caller_line()}): one number is asked for. Take an "
            "item, x[0]; x.astype(int) casts all."
        )
    if use is operator.index and x.dtype.kind == "f":
        what, way = ("an index", "y[int(x)]") if users_step() == "y[x]" else ("range(), or a count,", "int(x)")
        return (
            f"{what} takes a whole number, and this traced value is a {x.dtype} ({caller_line()}): transformations "
            f"take numbers as floats. Write {way}, through which no derivative flows."
        )
    return None


def python_value(use):
    def ask(self):
        try:
            return self._trace.python_value(self, use)
        except Exception as error:
            if isinstance(error, TracedValueError) and (text := why_no_plain_value(f"{use.__name__}()")) is not None:
                error.args = (text,)
            elif type(error) is TypeError and (text := why_no_number(self, use)) is not None:
                error.args = (text,)
            hide_frames(error)
            raise

    return ask


def forward_method(function):
    def method(self, *args, **kwargs):
        try:
            return function(self, *args, **kwargs)
        except Exception as error:
            for name in kwargs if isinstance(error, TypeError) else ():
                if find_way(["x.method()"], name):
                    raise unknown_keyword(f"x.{function.__name__}", [name], "x.method()") from None
            name_shapes(error, function, (self, *args))
            hide_frames(error)
            raise

    method.__name__ = function.__name__
    method.__doc__ = f"``anp.{function.__name__}`` of this array."
    return method
