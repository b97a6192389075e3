"""Arrays that the user changes while a derivative still needs them: copies of small ones, snapshots of large ones.

    w = np.zeros(3)                     # a work buffer
    for k in range(3):
        w[:] = 0; w[k] = 1.0
        total = total + anp.sum(x * w)  # the rule of this product reads w when the backward pass comes here

A copy of a small array costs 0.15 to 0.25 µs, less than any operation on it, so that it is always made. Of a large one
64 elements are compared, for 0.5 µs at either end; a checksum of all takes eight times as long as a product.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy import ndarray

from ..core.array_ops import LARGE
from ..core.errors import MutationError, caller_line, caller_place, place_text
from ..core.foreign import array_types
from ..core.fast.snapshots import find_keeper, keepers
from ..core.primitives import nondifferentiable
from ..core.tracer import box_classes, fixed_types

__all__ = ["call_watching", "check_mutation", "copy_array", "identity"]

LEVELS = ("off", "sample", "full")

PLACES = 64
"""Elements that are compared of a large array. A change of all of it shows in each of them."""


def as_level(level: Any, name: str) -> str:
    if level not in LEVELS:
        raise ValueError(f"{name} is {level!r}; it is one of {', '.join(map(repr, LEVELS))}.")
    return level


VARIABLE = "AUTODIFF_TRACE_CHECK_MUTATION"

DEFAULT = as_level(os.environ.get(VARIABLE, "sample"), VARIABLE)

level_now: ContextVar[str] = ContextVar("check_mutation", default=DEFAULT)


@contextmanager
def check_mutation(level: str) -> Iterator[None]:
    """How large arrays that a derivative reads later are looked at, within a ``with``.

    The backward pass reads arrays that the function has computed with. Those of up to 4096 bytes are kept by copy: the
    function may write into them. Larger ones are kept as they are; if they are found to have been changed before the
    backward pass reads them, MutationError says which array it is and where it was used.

    Arguments:
        level: ``"sample"`` compares 64 elements of each, spread over the array: it finds what changes an array as a
            whole, and may miss a change of few elements. ``"full"`` compares a checksum of all, to find a fault: an
            operation takes several times as long. ``"off"`` compares nothing.

    The level outside of any ``with`` is that of the environment variable ``AUTODIFF_TRACE_CHECK_MUTATION`` when the
    package was imported, else ``"sample"``. It holds for what is recorded within the ``with``.

    >>> import numpy as np
    >>> from autodiff_trace import grad, numpy as anp
    >>> w = np.ones(1000)
    >>> def f(x):
    ...     y = anp.sum(x * w)
    ...     w[7] = 0.0
    ...     return y
    >>> with check_mutation("full"):
    ...     grad(f)(np.ones(1000))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    autodiff_trace.core.errors.MutationError: an array of shape (1000,) and dtype float64, argument 1 of multiply ...
    """
    token = level_now.set(as_level(level, "check_mutation: the level"))
    try:
        yield
    finally:
        level_now.reset(token)


def sample(x: ndarray) -> bytes:
    """Some of the elements."""
    flags = x.flags
    flat = x.reshape(-1) if flags.c_contiguous else x.T.reshape(-1) if flags.f_contiguous else x.flat
    # An odd stride, so that of a matrix with 2ⁿ columns it does not meet the same column in each row.
    return flat[:: x.size // PLACES | 1].tobytes()


def checksum(x: ndarray) -> int:
    """What changes when any element does."""
    return zlib.crc32(np.ascontiguousarray(x).reshape(-1).view(np.uint8))


CONTENTS = {"sample": sample, "full": checksum}


class ArraySnapshot:
    """What a large array held when it was read, or an object that NumPy reads as an array."""

    __slots__ = ("array", "look", "contents", "prim", "argument", "place")

    def __init__(self, array: Any, look: Callable, prim: Callable, argument: Any) -> None:
        self.array = array
        self.look = look
        self.contents = look(np.asarray(array))
        self.prim = prim
        self.argument = argument
        self.place = caller_place()

    def check(self) -> None:
        array = np.asarray(self.array)
        if self.look(array) != self.contents:
            raise MutationError(
                f"an array of shape {array.shape} and dtype {array.dtype}, argument {self.argument!r} of "
                f"{self.prim.__name__} ({place_text(self.place)}), has been changed since, but the derivative needs "
                "what it held. Hand over a copy there: w.copy() in place of w; or make a new array instead of writing "
                "into the old one."
            )


def copy_array(x: ndarray) -> ndarray:
    """A copy with the same layout."""
    return x.copy("K")


@nondifferentiable
def identity(x):
    """A copy: the value under a box may be read by a rule, so that nobody else may write into it."""
    return copy_array(x) if type(x) is ndarray else x


def keep_array(x: ndarray, prim: Callable, place: Any, snapshots: list) -> ndarray:
    if x.nbytes <= LARGE:
        return x.copy("K")
    level = level_now.get()
    if level != "off" and not x.dtype.hasobject:
        snapshots.append(ArraySnapshot(x, CONTENTS[level], prim, place))
    return x


def keep_object(x: Any, prim: Callable, place: Any, snapshots: list) -> Any:
    """What has ``__array__``, as a data frame has. Rules may want more of it than its elements: it is not copied. What
    has no ``ndim`` does not have what NumPy's rules ask of operands: these get what NumPy has read."""
    if isinstance(x, np.generic) or type(x) in array_types:
        return x
    array = np.asarray(x)
    level = level_now.get()
    if not array.dtype.hasobject and (level != "off" or array.nbytes <= LARGE):
        look = checksum if array.nbytes <= LARGE else CONTENTS[level]
        snapshots.append(ArraySnapshot(x, look, prim, place))
    return x if hasattr(x, "ndim") or prim.traits.is_users else array


def copied(x: Any) -> Any:
    """What stays as it is when others write into ``x``."""
    if isinstance(x, ndarray):
        return x.copy("K")
    return x if type(x) in fixed_types or find_keeper(type(x)) is None else np.array(x)


keepers[ndarray] = keep_array
keepers[object] = keep_object
for _kind in (bytearray, memoryview):
    keepers[_kind] = lambda x, prim, place, snapshots: np.array(x)


def contents_of(arrays: Sequence) -> bytes:
    """What the arrays hold, one after the other."""
    try:
        return b"".join(arrays)
    except TypeError:  # one does not lie in the order C
        return b"".join(map(ndarray.tobytes, arrays))


class InputSnapshot:
    """What the values hold at which a function is going to be differentiated, which it must not change: what it writes
    into an array by another name than that of its parameter is seen in the parameter, but is not recorded."""

    __slots__ = ("small", "contents", "others")

    def __init__(self, inputs: Sequence) -> None:
        self.small = [x for x in inputs if type(x) is ndarray and x.nbytes <= LARGE]
        self.contents = contents_of(self.small)
        self.others: Sequence = ()
        if len(self.small) < len(inputs):
            self.others = []
            for x in inputs:
                if type(x) in box_classes:  # it stands for another value when it has been written
                    self.others.append((x, value_id, value_id(x)))
                elif type(x) is ndarray and x.nbytes > LARGE and (level := level_now.get()) != "off":
                    self.others.append((x, CONTENTS[level], CONTENTS[level](x)))

    def check(self) -> None:
        if contents_of(self.small) != self.contents:
            start = 0
            for x in self.small:
                if x.tobytes() != self.contents[start : (start := start + x.nbytes)]:
                    raise_for_input(x)
        for x, contents, before in self.others:
            if contents(x) != before:
                raise_for_input(x)


def call_watching(inputs: Sequence, fun: Callable, args: Sequence, kwargs: dict) -> Any:
    """``fun(*args, **kwargs)``, a function that is differentiated at ``inputs``. Raises MutationError if it changes
    them."""
    if len(inputs) == 1:  # as a rule (0.3 instead of 1.2 µs)
        x = inputs[0]
        if type(x) in fixed_types:
            return fun(*args, **kwargs)
        if type(x) is ndarray and x.nbytes <= LARGE:
            before = x.tobytes()
            answer = fun(*args, **kwargs)
            if x.tobytes() != before:
                raise_for_input(x)
            return answer
    snapshot = InputSnapshot(inputs)
    answer = fun(*args, **kwargs)
    snapshot.check()
    return answer


def value_id(box: Any) -> int:
    return id(box._value)


def raise_for_input(x: Any) -> None:
    raise MutationError(
        f"the function writes into the array of shape {x.shape} and dtype {x.dtype} at which it is differentiated "
        f"({caller_line()}), by another name than that of its parameter, or in a custom rule. Let it write into a "
        "copy, or differentiate it at a copy: f(x.copy())."
    )
