"""Who owns a result: it has memory of its own, shared with no argument and no other result, and can be written into."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.foreign import array_types, is_foreign
from ..core.infinitesimals import settle
from ..core.pytree import tree_flatten
from ..core.recording import RecordingTrace
from ..core.tracer import fixed_types, is_box, own_box
from ..numpy import wrapped as anp
from ..numpy.layouts import memory_of
from ..numpy.mutation import copy_array

__all__ = ["detach", "own_constant", "own_value", "separate"]


def separate(results: list, others: Iterable = ()) -> list:
    """``results``, where arrays that share memory with another, or with ``others``, or are read-only, are copied.

    A sum hands its cotangent to both operands; who then scales one gradient in place must not scale the other. The same
    holds for traced values, which can be written as well.
    """
    if fixed_types.issuperset(map(type, results)):
        return results
    seen = {each for x in others for each in places_of(x)}
    for i, x in enumerate(results):
        if type(x) is np.ndarray:
            memory = id(x if x.base is None else memory_of(x))
            if memory in seen or not x.flags.writeable:
                results[i] = copy_array(x)
            seen.add(memory)
        elif is_foreign(x) and not is_box(value := settle(x)):
            memory = id(memory_of(value))
            if memory in seen or 0 in getattr(value, "strides", ()):
                results[i] = value.copy()
            seen.add(memory)
        elif is_box(x):
            places = places_of(x)
            if len(places) > 1 and (places[1] in seen or not x._value.flags.writeable):
                results[i] = anp.copy(x)  # what is being recorded becomes plain results of the program
            elif places[0] in seen or getattr(x, "_view_of", None) is not None:
                results[i] = own_box(x)
            seen.update(places)
    return results


def own_constant(x: Any) -> Any:
    """``x``, what a function returned, or a copy of an array that no derivative follows: others may have it as well."""
    if type(x) is np.ndarray:
        return copy_array(x)
    if type(x) in array_types:
        return copy_foreign(x)
    # In a program it may be an argument.
    is_recorded = is_box(x) and isinstance(x._trace, RecordingTrace) and type(x._value) is np.ndarray
    return anp.copy(x) if is_recorded else x


def own_value(x: Any) -> Any:
    """``x`` where nobody else can write into it."""
    if type(x) is np.ndarray:
        return copy_array(x)
    if is_foreign(x) and not is_box(value := settle(x)):
        return copy_foreign(value)
    return own_box(x) if is_box(x) else x


def copy_foreign(x: Any) -> Any:
    """A copy of an array of another library, if arrays of that can be written."""
    return x.copy() if not array_types[type(x)].is_lazy and hasattr(type(x), "__setitem__") else x


def detach(results: list, *arguments: Any) -> list:
    """``results``, where none shares memory with another, nor with an array in ``arguments``, which are containers."""
    if fixed_types.issuperset(map(type, results)):  # before the arguments are taken apart
        return results
    return separate(results, tree_flatten(arguments)[0])


def places_of(x: Any) -> tuple[int, ...]:
    """What tells one array from another: the memory of a plain one, a box, and of one that is being recorded both."""
    if type(x) in array_types or issubclass(type(x), np.ndarray):  # (isinstance() says that boxes are arrays)
        return (id(memory_of(x)),)
    if not is_box(x):
        return ()
    value = x._value if isinstance(x._trace, RecordingTrace) else None
    return (id(x), id(memory_of(value))) if type(value) is np.ndarray else (id(x),)
