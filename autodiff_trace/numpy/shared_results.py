"""Results of a user's functions that are their arguments, or views of them: they can be read, not written.

NumPy's own functions are asked again when the array that they show is written. To ask a user's function again would
repeat what else it does, so that writes are refused instead. Results that somebody else may write into, as a function
does that fills the same buffer in each call, are copied: nodes and boxes keep them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from ..core.errors import TracedValueError, caller_line
from ..core.fast.donation import ALONE, getrefcount
from ..core.fast.ownership import IN_SLOT
from ..core.tracer import box_classes
from .layouts import is_number
from .views import find_root, forget_view, is_view, link, locked

__all__ = ["find_shared", "note_shared", "with_own_results"]


def note_shared(
    name: str, results: Any, arguments: Sequence, is_known: bool = False, refuses_plain: bool = False,
) -> None:
    """Link those of ``results``, of the function ``name``, that show memory of ``arguments`` to these.

    ``is_known``: all of them show memory of the first argument, which their values may not tell. ``refuses_plain``:
    it is an error if it is that of a plain array, into which the next call may write.
    """
    if type(results) in box_classes and not is_known and owns_memory(results._value, arguments):
        return
    for result in results if type(results) in (tuple, list) else (results,):
        if type(result) not in box_classes or is_number(result):
            continue
        place = 0 if is_known else find_shared(result, arguments)
        if place is None or arguments[place] is result:
            continue
        if type(arguments[place]) not in box_classes:
            if not refuses_plain:
                continue
            raise TracedValueError(
                f"{name} returned memory of its argument {place}, a plain array that others can write into, as the "
                f"answer of a traced call ({caller_line()}): return a copy."
            )
        if not is_view(result) or find_root(result) is not find_root(arguments[place]):
            link(forget_view(result), arguments[place], locked, (name,), {})


def owns_memory(memory: Any, arguments: Sequence) -> bool:
    """Whether it is plain that the value of a result shows none of ``arguments``, as a rule does (0.3 of 2 µs)."""
    if type(memory) is not ndarray:
        return isinstance(memory, np.generic)
    if memory.base is not None:
        return False
    for argument in arguments:
        other = argument._value if type(argument) in box_classes else argument
        if type(other) in box_classes or other is memory or isinstance(other, ndarray) and other.base is memory:
            return False
    return True


def find_shared(result: Any, arguments: Sequence) -> int | None:
    """The position of the first argument that shares memory with ``result``."""
    *boxes, memory = layers(result)
    shown = [box._view_of[0] for box in boxes if is_view(box) and box._view_of[1] is locked]
    for place, argument in enumerate(arguments):
        *boxes, other = layers(argument)
        if type(memory) is type(other) is ndarray and np.may_share_memory(memory, other):
            return place
        if any(box is each for box in boxes for each in shown):
            return place
    return None


def layers(x: Any) -> list:
    """The boxes around a value, and the value."""
    values = [x]
    while type(values[-1]) in box_classes:
        values.append(values[-1]._value)
    return values


def with_own_results(function: Callable) -> Callable:
    """``function``, but arrays that others hold besides its caller are copied, unless they show an argument."""

    @functools.wraps(function, updated=())
    def call(*args, **kwargs):
        ans = function(*args, **kwargs)
        if type(ans) is ndarray:  # as a rule (0.1 µs)
            is_alone = getrefcount(ans) == ALONE
            if is_alone and ans.base is None:
                return ans
            return own_result(ans, is_alone, (*args, *kwargs.values()))
        if isinstance(ans, (tuple, list)):
            return own_items(ans, (*args, *kwargs.values()))
        return own_result(ans, False, (*args, *kwargs.values())) if isinstance(ans, ndarray) else ans

    return call


def own_result(ans: ndarray, is_alone: bool, arguments: Sequence) -> ndarray:
    """``ans``, a result of a function with these arguments, or a copy; ``is_alone``: nobody else holds the object."""
    if is_alone and (ans.base is None or type(ans.base) is ndarray and getrefcount(ans.base) <= IN_SLOT):
        return ans
    if any(np.may_share_memory(ans, each) for each in arrays_in(arguments)):
        return ans
    return ans.copy("K")


def own_items(items: Any, arguments: Sequence) -> Any:
    """The same of several results."""
    if not any(isinstance(item, ndarray) for item in items):
        return items
    owned = []
    for item in items:
        if isinstance(item, ndarray):
            is_alone = getrefcount(item) == ALONE + 1  # the sequence and the variable hold it
            item = own_result(item, is_alone, arguments)
        owned.append(item)
    return type(items)(*owned) if hasattr(items, "_fields") else type(items)(owned)


def arrays_in(values: Sequence) -> Iterator[ndarray]:
    for value in values:
        if type(value) is tuple or type(value) is list:
            yield from arrays_in(value)
        elif isinstance(value, ndarray):
            yield value
