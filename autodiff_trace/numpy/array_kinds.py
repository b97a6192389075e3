"""Operands that are no plain arrays: data frames, masked arrays, matrices, subclasses with units, buffers.

A traced value is an ``ndarray``: it has no labels, no mask and no unit. Three things are done with operands of other
kinds, by what their types offer and not by their names:

- what computes as arrays do is taken as an array, and so is what NumPy's function would read as one;
- what has operators of its own (``__array_ufunc__``) is asked for the result, as ``DataArray``, which then holds a
  traced array and keeps its labels;
- else the result would be labelled, masked or a matrix, and mean something else later on (``std`` of a data frame,
  ``*`` of matrices): that is refused, with what to write instead.
"""

from __future__ import annotations

import array
import functools
from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np

from ..core.errors import TracedValueError, caller_line
from ..core.foreign import array_types, taken_over
from ..core.libraries import look_for_libraries, look_for_sparse
from ..core.other_operands import is_exact_number
from ..core.primitives import dispatch
from ..core.recording import RecordingTrace
from ..core.tracer import Box, Trace, box_classes, is_box, passed_types, trace_stack, watched_types

__all__ = [
    "NAMES", "call_with_arrays", "computes_as_array", "holds_box", "holds_numbers", "instead_of", "is_array_of_others",
    "operands_of_others", "refusal", "stored", "taken",
]

operands_of_others: dict[type, Callable] = {}
"""From types that are no arrays, and have no box (SciPy's sparse matrices), to what ``handler(prim, x, y)`` gives."""

NUMPYS = "numpy.", "_operator.", f"{__package__}."
"""Modules of functions that are NumPy's, and of pieces of them."""

BUFFERS = array.array, bytearray, memoryview

passed_types.add(np.poly1d)  # of which NumPy's functions of polynomials know more than the coefficients


OPERATORS = ["__array_ufunc__", "__array_function__", *map("__{}__".format, "eq ne lt le gt ge neg abs".split())]
for _name in "add sub mul truediv floordiv mod pow matmul".split():
    OPERATORS += [f"__{_name}__", f"__r{_name}__", f"__i{_name}__"]
"""By which a type of array tells that it computes as arrays do."""


@functools.cache
def computes_as_array(kind: type) -> bool:
    """Whether ``kind`` is a subclass of arrays that computes as arrays do; ``np.matrix`` and masked arrays do not."""
    return issubclass(kind, np.ndarray) and all([
        getattr(kind, name) is getattr(np.ndarray, name) for name in OPERATORS
    ])


def has_own_ufuncs(kind: type) -> bool:
    """Whether a type computes NumPy's ufuncs in a way of its own."""
    ask = getattr(kind, "__array_ufunc__", None)
    return ask is not None and ask is not np.ndarray.__array_ufunc__ and not issubclass(kind, Box)


@functools.cache
def is_array_of_others(kind: type) -> bool:
    """Whether values of a type are arrays, or are read as such by NumPy, without being plain ones. Types of which they
    are not join those that are passed on as they are."""
    look_for_sparse(kind)
    is_one = not issubclass(kind, (Box, np.generic)) and (
        hasattr(kind, "__array__") or hasattr(kind, "__array_ufunc__") or issubclass(kind, BUFFERS)
        or kind in operands_of_others
    )
    if not is_one and not is_exact_number(kind) and kind not in watched_types:
        passed_types.add(kind)
    return is_one


# Calls


def call_with_arrays(prim: Callable, args: tuple, kwargs: dict, top: Trace) -> Any:
    """``prim(*args, **kwargs)`` with arguments of other kinds, where ``top`` is the highest trace among them."""
    if prim.traits.is_users or not prim.traits.differentiable and top.holds_values:
        # A user's function gets what it was given; comparisons are of plain values.
        for arg in args:
            if is_array_of_others(type(arg)) and type(arg) in operands_of_others and not prim.traits.is_users:
                raise refusal(prim, arg)
        return dispatch(prim, args, kwargs)
    if computes(prim) and prim.fun.signature is None:
        for arg in args:
            if has_own_ufuncs(type(arg)):
                try:
                    ans = type(arg).__array_ufunc__(arg, prim.fun, "__call__", *args, **kwargs)
                except TracedValueError:  # it asks for a plain array, as some of pandas do
                    break
                if ans is not NotImplemented:
                    return ans
    return dispatch(prim, tuple([taken(prim, arg) for arg in args]), kwargs)


def computes(function: Callable) -> bool:
    """Whether a function is one of those by which the operators compute."""
    return isinstance(getattr(function, "fun", function), np.ufunc) and (
        not hasattr(function, "traits") or function.traits.differentiable
    )


def taken(function: Callable, value: Any) -> Any:
    """``value`` as ``function`` of NumPy takes it: an array of another kind as a plain one; also in lists and tuples.

    Raises TracedValueError where that would mean something else.
    """
    kind = type(value)
    if kind is list or kind is tuple:
        known = all([type(item) in passed_types or type(item) in box_classes for item in value])
        return value if known else kind([taken(function, item) for item in value])
    if kind in passed_types or kind in watched_types or not is_array_of_others(kind):
        return value
    look_for_libraries()
    if kind in array_types:
        return taken_over(value)
    if computes_as_array(kind):
        return value.view(np.ndarray)
    is_numpys = f"{getattr(getattr(function, 'fun', function), '__module__', None) or 'numpy'}.".startswith(NUMPYS)
    if issubclass(kind, BUFFERS):
        return np.asarray(value)
    if issubclass(kind, np.ma.MaskedArray):
        if is_numpys and computes(function) or np.ma.is_masked(value):
            raise refusal(function, value)
        return value.view(np.ndarray)
    if kind in operands_of_others or not hasattr(kind, "__array__"):
        if is_numpys:
            raise refusal(function, value)
        return value
    if is_numpys and (issubclass(kind, np.ndarray) or computes(function) and has_own_ufuncs(kind)):
        raise refusal(function, value)
    if computes(function) or any(isinstance(trace, RecordingTrace) for trace in trace_stack.get()):
        return value  # NumPy reads the object itself, in each run
    plain = np.asarray(value)
    if plain.dtype.kind not in "biufc":
        raise refusal(function, value, plain.dtype)
    return plain


def stored(new: Any) -> Any:
    """``new``, the plain result of ``x += y``, which the traced array ``x`` is to hold."""
    if type(new) not in passed_types and is_array_of_others(type(new)):
        raise refusal(stored, new)
    return new


# Messages

ADVICE: list[tuple[Callable[[type], bool], str, str]] = [
    (lambda kind: not array_types.keys().isdisjoint(kind.__mro__), "of its type only a base class is registered",
     "register_array_type(type(x)) once"),
    (lambda kind: issubclass(kind, np.ma.MaskedArray), "a traced array has no mask", "x.filled(value)"),
    (lambda kind: issubclass(kind, np.matrix), "a traced array is no matrix, whose * is another", "np.asarray(x)"),
    (lambda kind: hasattr(kind, "to_numpy"), "a traced array has no labels", "x.to_numpy()"),
    (lambda kind: hasattr(kind, "toarray"), "of functions there are none on sparse arrays",
     "A @ x, A * x or A + x with the operator, or A.toarray()"),
    (lambda kind: hasattr(kind, "todense"), "a traced array is dense", "x.todense()"),
    (lambda kind: True, "it computes in a way of its own", "np.asarray(x)"),
]
"""Which types, why they are no operands, what to write instead."""


def advice(kind: type) -> tuple[str, str]:
    return next((why, instead) for fits, why, instead in ADVICE if fits(kind))


def holds_box(value: Any) -> bool:
    """Whether an array of another kind, a ``DataArray``, has a traced array in it."""
    return not issubclass(type(value), (np.ndarray, *BUFFERS)) and is_box(getattr(value, "data", None))


def instead_of(value: Any) -> str | None:
    """What to write for a value, an array of another kind, where a plain array is needed; None of what is no array of
    numbers."""
    kind = type(value)
    names = getattr(getattr(value, "dtype", None), "names", None)
    if names:
        return f'x["{names[0]}"]'
    if kind is not np.ndarray:
        if not is_array_of_others(kind):
            return None
        return "x.data" if holds_box(value) else advice(kind)[1].rpartition(" or ")[2]
    if value.dtype.kind != "O":
        return None
    return "anp.array(x.tolist())" if any(map(is_box, value.flat)) else "x.astype(float)"


NAMES = {"stored": "x += y", "getitem": "x[index]", "set_item": "x[index] = value", "write_item": "x[index] = value"}
"""How the user writes what has another name here."""


def holds_numbers(array: Any) -> bool:
    """Whether the elements of an array of another kind are numbers, of which there might be derivatives."""
    dtype = getattr(array, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind != "O" or type(array) in array_types:
        return dtype.kind in "iufcV"
    if type(array) is not np.ndarray and not hasattr(type(array), "__array__"):
        return True  # a sparse matrix, a buffer
    array = np.asarray(array)
    if array.dtype.kind == "O":
        return any(isinstance(each, Number) for each in array.flat[:1])
    return array.dtype.kind in "iufcV"


def refusal(function: Callable, value: Any, dtype: np.dtype | None = None) -> TracedValueError:
    why, instead = advice(type(value))
    if dtype is not None:
        why, instead = f"its elements are of dtype {dtype}", instead.replace("to_numpy()", "to_numpy(float)")
    name = type(value).__name__
    what = NAMES.get(function.__name__, function.__name__)
    return TracedValueError(
        f"{what}: an operand is {'an' if name[0].lower() in 'aeiou' else 'a'} {name} "
        f"({caller_line()}); {why}. Write {instead}."
    )
