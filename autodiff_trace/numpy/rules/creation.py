"""Rules of the functions that make an array: from nested sequences, from one value, from another array."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ...core.errors import TracedValueError, caller_line
from ...core.foreign import is_foreign, to_foreign
from ...core.primitives import primitive
from ...core.tracer import is_box
from ...core.traits import declare
from .. import moving, wrapped as anp
from ..broadcasting import match_dtype
from ..canonical import as_array
from ..definers import define, defrules, linear
from ..layouts import is_number, layout
from ..batching import batch_first

__all__ = ["check_finite", "join_nested", "nested_cotangents", "nested_tangents"]


# array: a nested sequence of numbers and arrays


@primitive
def join_nested(nested):
    """``np.array`` of a nested sequence; ``anp.array`` calls it where some leaves are traced."""
    return np.array(nested)


def nested_cotangents(g, nested):
    """The part of the cotangent that belongs to each leaf."""
    if isinstance(nested, (list, tuple)):
        return [nested_cotangents(g[i], item) for i, item in enumerate(nested)]
    return match_dtype(g, nested.dtype) if hasattr(nested, "dtype") else None


def nested_tangents(t, nested):
    """The nested tangents, with zeros where there is none."""
    if isinstance(nested, (list, tuple)):
        return [nested_tangents(None if t is None else t[i], item) for i, item in enumerate(nested)]
    return anp.zeros_like(nested) if t is None else t


def batch_nested(batch, prim, args, kwargs):
    """The nested sequence of batches, stacked from the inside behind the mapped axis."""
    return stack_nested(args[0], batch.mapped[0], batch.size)


def stack_nested(nested, mapped, size):
    if isinstance(nested, (list, tuple)) and nested:
        flags = mapped if type(mapped) is list else [False] * len(nested)
        return moving.stack([stack_nested(item, each, size) for item, each in zip(nested, flags)], 1)
    x = as_array(nested)
    return x if mapped is True else anp.broadcast_to(x, (size, *x.shape))


defrules(
    join_nested, lambda g, ans, nested: nested_cotangents(g, nested),
    lambda t, ans, nested: match_dtype(join_nested(nested_tangents(t, nested)), ans.dtype),
    linear_in=(0,), sequence_args=(0,), moves_elements=True, moves_from=(0,), harmless=True, shows_nan=True,
    batching=batch_nested,
)
declare(np.array, np.ones_like, np.zeros_like, np.full_like, owns_memory=True)
declare(np.array, np.ones_like, np.zeros_like, harmless=True)
declare(anp.copy, anp.empty_like, anp.ones_like, anp.zeros_like, batching=batch_first)


@define(np.array)
def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0, ndmax=0):
    """An array from a number, an array or a nested sequence of them, traced or not."""
    x = join_nested(object) if isinstance(object, (list, tuple)) else object
    x = to_foreign(x)
    if not is_box(x):  # those in the list stand for plain values here
        more = {"ndmax": ndmax} if ndmax else {}
        return np.array(x, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin, **more)
    if dtype is not None and x.dtype != np.dtype(dtype):
        x = anp.astype(x, dtype, order or "K")
    elif copy and x is object or is_number(x):
        x = anp.copy(x, order or "K")
    elif not is_foreign(x):  # (of an order in memory other libraries know nothing)
        memory = layout(x)
        x = laid_out(x, memory, np.asarray(memory, order=order))
    if 0 < ndmax < x.ndim or x.dtype.kind == "O":
        raise TracedValueError(
            f"array: an array of objects cannot hold traced values ({caller_line()}). Use a list, leave dtype=object "
            "and ndmax= away, and write float(x) of fractions."
        )
    return anp.reshape(x, (1,) * (ndmin - x.ndim) + x.shape) if x.ndim < ndmin else x


def laid_out(x: Any, memory: np.ndarray, wanted: np.ndarray) -> Any:
    """``x`` itself if what NumPy made of its layout shares memory with it; else a copy in the order of that."""
    if np.may_share_memory(memory, wanted):
        return x
    return anp.copy(x, "F" if wanted.flags.f_contiguous and not wanted.flags.c_contiguous else "C")




@define(np.iterable)
def iterable(y):
    return isinstance(y, (list, tuple)) or y.ndim > 0


@define(np.asarray, np.asanyarray)
def asarray(a, dtype=None, order=None, *, device=None, copy=None):
    return array(a, dtype, copy=bool(copy), order=order)


@define(np.asarray_chkfinite)
def asarray_chkfinite(a, dtype=None, order=None):
    return check_finite(array(a, dtype, copy=False))


@functools.partial(primitive, makes_view=True)
def check_finite(a):
    """``a`` itself. Raises ValueError if an element is infinite or NaN."""
    return np.asarray_chkfinite(a)


linear(check_finite, lambda g, ans, a: g)


@define(np.ascontiguousarray)
def ascontiguousarray(a, dtype=None):
    return array(a, dtype, copy=False, order="C", ndmin=1)


@define(np.asfortranarray)
def asfortranarray(a, dtype=None):
    return array(a, dtype, copy=False, order="F", ndmin=1)


@define(np.require)
def require(a, dtype=None, requirements=None):
    x = array(a, dtype, copy=False)
    if is_foreign(x):
        return x
    memory = layout(x)
    if getattr(x, "_view_of", None) is not None:  # the new value of a view is an array of its own
        memory = memory.view()
    return laid_out(x, memory, np.require(memory, None, requirements))


# full: a value everywhere. NumPy casts it to the dtype of the array, which into integers lets no derivative through.


@define(np.full)
def full(shape, fill_value, dtype=None, order="C", *, device=None):
    fill_value = as_array(fill_value)
    return fill(np.empty(shape, fill_value.dtype if dtype is None else dtype, order), fill_value)


@define(np.full_like)
def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    return fill(anp.zeros_like(as_array(a), dtype=dtype, shape=shape), fill_value)


def fill(array, value):
    return anp.set_item(array, ..., anp.astype(value, array.dtype))
