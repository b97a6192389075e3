"""Arrays of other libraries: values of one more trace, below all others. Knows no array library.

A Dask array is to a derivative what a number is: a value on which primitives are called. So the foreign trace boxes it,
all other traces run above, with rules that ask a box for no memory (as above a trace that records), and each primitive
ends here: the boxes come off, and the array's own library computes, as its record in ``array_types`` says:

    sin(Box(Box(dask array, foreign trace), VJP trace))
      VJP trace: sin(Box(dask array, foreign trace))      records the node
        foreign trace: array_types[dask.array.Array].compute(sin, (dask array,), {})

Beside a box an array that the user's function has at hand becomes a box as well (``other_operands``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tracer import NO_KEYWORDS, Trace, box_classes, passed_types, register_box, to_value
from .unknown_sizes import known_in_part

__all__ = [
    "FOREIGN", "ArrayType", "array_types", "foreign_type", "has_in_place", "has_lazy", "has_values", "is_foreign",
    "is_of_another_library", "lazy_types", "register_foreign", "taken_over", "to_foreign",
]


class ArrayType:
    """What is known of a type of array: how a primitive is computed, and what belongs to a result."""

    box_class: Callable
    is_lazy = False
    """Whether its arrays have no values before their user asks for them."""

    mixes = False
    """Whether NumPy's arrays go beside its own."""

    def compute(self, prim: Callable, args: tuple, kwargs: dict) -> Any:
        """The answer of ``prim`` for plain arguments, at least one of which is an array of this type."""
        raise NotImplementedError

    def refuse_use(self) -> None:
        """Raise an error where a rule asks for the values of arrays that have none."""

    def kept(self, x: Any) -> Any:
        """``x`` as a rule may read it later on, when its user may have written into it."""
        return x

    def conform(self, result: Any, like: Any) -> Any:
        """A gradient with what ``like``, the argument, has beside shape and dtype: chunks."""
        return result


array_types: dict[type, ArrayType] = {}
"""The types of array that have been registered."""


lazy_types: set[type] = set()
"""Those of them whose arrays have no values before their user asks."""


class ForeignTrace(Trace):
    """The trace below all others. It runs for ever, and follows nothing: its boxes are values."""

    def __init__(self) -> None:
        self.level = -2  # those of the infinitesimal changes and of the choices of vectors may have its boxes in them

    def process(self, prim, args, kwargs):
        values = tuple(map(self.unbox, args))
        keywords = {name: self.unbox(arg) for name, arg in kwargs.items()} if kwargs else kwargs
        kind = foreign_type(values, keywords)
        return self.box(prim.fun(*values, **keywords) if kind is None else kind.compute(prim, values, keywords))

    process_general = process_nondifferentiable = process

    def process_one(self, prim, box, argnum, values, is_beside=False):
        return self.process(prim, values, NO_KEYWORDS)

    def unbox(self, arg: Any) -> Any:
        kind = type(arg)
        if kind in box_classes:
            return arg._value
        return kind(map(self.unbox, arg)) if kind is list or kind is tuple else arg

    def box(self, ans: Any) -> Any:
        """``ans`` with boxes around the foreign arrays in it."""
        if type(ans) in array_types:
            return array_types[type(ans)].box_class(ans, self, None)
        if isinstance(ans, (tuple, list)):
            items = map(self.box, ans)
            return type(ans)(*items) if hasattr(ans, "_fields") else type(ans)(items)
        return ans

    def metadata(self, box):
        return known_in_part(box._value) if array_types[type(box._value)].is_lazy else box._value

    def python_value(self, box, use):
        if array_types[type(box._value)].is_lazy:
            array_types[type(box._value)].refuse_use()
        return use(box._value)

    def text(self, box):
        return str(box._value)


FOREIGN = ForeignTrace()


def register_foreign(kind: type, array_type: ArrayType) -> None:
    """Let arrays of class ``kind`` be values of the foreign trace."""
    array_types[kind] = array_type
    (lazy_types.add if array_type.is_lazy else lazy_types.discard)(kind)  # what was said before no longer holds
    register_box(array_type.box_class, kind, convert=FOREIGN.box)
    passed_types.discard(kind)  # it is looked at wherever a primitive meets it


def has_lazy(args: Any) -> bool:
    """Whether there is an array among plain arguments that has no values yet: NumPy's function would compute it where
    its library lacks that function, or give what that library means by its name."""
    return any([type(arg) in lazy_types or type(arg) is list and has_lazy(arg) for arg in args])


def foreign_type(args: Any, kwargs: dict = NO_KEYWORDS) -> ArrayType | None:
    """The type of the first foreign array among plain arguments, also in lists and tuples."""
    for arg in (*args, *kwargs.values()) if kwargs else args:
        kind = type(arg)
        if kind in array_types:
            return array_types[kind]
        if (kind is list or kind is tuple) and (found := foreign_type(arg)) is not None:
            return found
    return None


def is_foreign(x: Any) -> bool:
    """Whether there is a foreign array under all boxes of ``x``."""
    return type(to_value(x)) in array_types


def has_in_place(x: Any) -> bool:
    """Whether ``x += y`` writes into the array: of a type without that operator (Dask's) Python makes a new one."""
    x = to_value(x)
    return type(x) not in array_types or hasattr(x, "__iadd__")


def is_of_another_library(x: Any, other: Any) -> bool:
    """Whether ``x`` is not of the library of ``other``, under all boxes, and nobody but the user may convert it."""
    kind = array_types.get(type(to_value(other)))
    if kind is None or kind.mixes or kind.is_lazy:
        return False
    return x.ndim > 0 and array_types.get(type(to_value(x))) is not kind


def taken_over(x: Any) -> Any:
    """A foreign array of the user's as a box; a small one as a copy, into which nobody else writes."""
    kind = array_types.get(type(x))
    return x if kind is None else FOREIGN.box(kind.kept(x))


def has_values(x: Any) -> bool:
    """Whether Python may ask for the value of ``x``: of arrays that are yet to be computed no rule does."""
    x = to_value(x)
    return type(x) not in array_types or not array_types[type(x)].is_lazy


def to_foreign(x: Any) -> Any:
    """A foreign array as a box; another value as it is."""
    return FOREIGN.box(x) if type(x) in array_types else x
