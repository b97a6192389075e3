"""The methods of ufuncs on traced arrays: reduce, accumulate, reduceat, outer and at, by calls of the ufunc itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..core.array_ops import array_ops
from ..core.errors import TracedValueError, caller_line
from ..core.fast.ownership import writing
from ..core.tracer import is_box
from ..core.traits import traits_of
from . import wrapped as anp
from .broadcasting import cast
from .canonical import NO_VALUE, as_array
from .namespace import wrapped_functions

__all__ = ["METHODS", "reductions"]

reductions: dict[np.ufunc, Callable] = {}
"""The functions that are ``reduce`` of a ufunc."""

ACCUMULATIONS = {np.add: "cumsum", np.multiply: "cumprod"}


def reduce(prim, array, axis=0, dtype=None, out=None, keepdims=False, initial=NO_VALUE, where=True):
    """``ufunc.reduce``: by the function that does just that, else by halves, else one by one."""
    ufunc = prim.fun
    x = cast(as_array(array), dtype)
    if ufunc in reductions:
        given = {} if initial is NO_VALUE else {"initial": initial}
        given |= {} if where is True else {"where": where}
        ans = wrapped_functions[reductions[ufunc]](x, axis=axis, keepdims=keepdims, **given)
        return array_ops.store(out, ans)
    if not x.ndim and axis in (0, -1):  # which NumPy allows of a number
        axis = None
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    if len(axes) > 1 and not traits_of(ufunc).associative:
        raise ValueError(f"{ufunc.__name__}.reduce is not reorderable, so at most one axis may be specified")
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    rows = to_rows(x, axes, kept)
    if initial is NO_VALUE:
        initial = ufunc.identity if where is not True or len(rows) < 2 else None
    if initial is None and where is not True:
        raise ValueError(f"{ufunc.__name__}.reduce has no identity: where= needs initial=")
    mask = where if where is True else to_rows(np.broadcast_to(where, x.shape), axes, kept)
    ans = fold_by_halves(prim, rows, initial, mask) if traits_of(ufunc).associative else fold(prim, rows, initial, mask)
    if keepdims:
        ans = anp.reshape(ans, tuple(1 if i in axes else size for i, size in enumerate(x.shape)))
    return array_ops.store(out, ans)


def to_rows(x: Any, axes: tuple, kept: tuple) -> Any:
    """``x`` with the given axes made one, the first."""
    sizes = tuple(x.shape[i] for i in axes), tuple(x.shape[i] for i in kept)
    return anp.reshape(anp.transpose(x, axes + kept), (math.prod(sizes[0]), *sizes[1]))


def fold(prim: Callable, rows: Any, initial: Any, mask: Any) -> Any:
    """((initial ∘ row) ∘ row) …, without the elements where the mask is false."""
    total = initial
    for i in range(len(rows)):
        if total is None:
            total = rows[i]
        elif mask is True:
            total = prim(total, rows[i])
        else:
            total = anp.where(mask[i], prim(total, rows[i]), total)
    return over_empty(prim, rows, total)


def fold_by_halves(prim: Callable, rows: Any, initial: Any, mask: Any) -> Any:
    """The same for an associative operation: the first half with the second, in log n calls."""
    if mask is not True:
        rows = anp.where(mask, rows, initial if prim.fun.identity is None else prim.fun.identity)
    while len(rows) > 1:
        half = len(rows) // 2
        folded = prim(rows[:half], rows[half : 2 * half])
        rows = anp.concatenate([folded, rows[2 * half :]]) if len(rows) % 2 else folded
    if len(rows) and initial is None:
        return rows[0]
    return over_empty(prim, rows, prim(initial, rows[0]) if len(rows) else initial)


def over_empty(prim: Callable, rows: Any, total: Any) -> Any:
    """``total``, in the shape that the answer has where there were no rows."""
    if total is None:
        raise ValueError(f"zero-size array to reduction operation {prim.__name__} which has no identity")
    return total if len(rows) else anp.broadcast_to(anp.astype(total, rows.dtype), rows.shape[1:])[()]


def accumulate(prim, array, axis=0, dtype=None, out=None):
    """``ufunc.accumulate``: the answers of ``reduce`` over the first elements, 1, 2, 3 … of them."""
    x = cast(as_array(array), dtype)
    if not x.ndim:
        raise TypeError("cannot accumulate on a scalar")
    if prim.fun in ACCUMULATIONS:
        return array_ops.store(out, getattr(anp, ACCUMULATIONS[prim.fun])(x, axis=axis))
    axis = normalize_axis_index(axis, x.ndim)
    rows = anp.moveaxis(x, axis, 0)
    totals = [rows[i] for i in range(len(rows))]
    for i in range(1, len(totals)):
        totals[i] = prim(totals[i - 1], totals[i])
    return array_ops.store(out, anp.stack(totals, axis=axis) if totals else x)


def reduceat(prim, array, indices, axis=0, dtype=None, out=None):
    """``ufunc.reduceat``: the answers of ``reduce`` from each index to the next; one element where that is no later."""
    x = cast(as_array(array), dtype)
    axis = normalize_axis_index(axis, x.ndim)
    before = (slice(None),) * axis
    starts = [int(i) for i in indices]
    if not all(0 <= start < x.shape[axis] for start in starts):
        raise IndexError(f"{prim.__name__}.reduceat: an index is not in [0, {x.shape[axis]})")
    # (Without an initial value: NumPy's reduceat takes a single element as it is, where reduce gives hypot(0, x).)
    pieces = [
        reduce(prim, x[(*before, slice(start, max(stop, start + 1)))], axis, keepdims=True, initial=None)
        for start, stop in zip(starts, [*starts[1:], x.shape[axis]])
    ]
    return array_ops.store(out, anp.concatenate(pieces, axis=axis) if pieces else x[(*before, slice(0, 0))])


def outer(prim, x, y, **kwargs):
    """``ufunc.outer``: each element of ``x`` with each of ``y``."""
    x, y = as_array(x), as_array(y)
    if anp.is_python_number(y):  # as an array it has a dtype of its own
        y = anp.reshape(y, (1,))[0]
    return prim(anp.reshape(x, x.shape + (1,) * y.ndim), y, **kwargs)


def update_at(prim, x, index, *values):
    """``ufunc.at``: ``x[index] = f(x[index], value)``, where an element that is named twice is changed twice.

    The first, the second, … time that elements are named are rounds without repetition.
    """
    if not is_box(x):
        raise TracedValueError(
            f"{prim.__name__}.at: the first argument is a plain array, which cannot hold a traced value "
            f"({caller_line()}). Make it with anp.zeros(...) inside the function, or write into anp.array(x)."
        )
    with writing:
        change_at(prim, x, index, *values)


def change_at(prim, x, index, *values):
    if prim.fun in (np.add, np.subtract):
        (value,) = values
        x.replace(anp.add_at(x, index, value if prim.fun is np.add else -as_array(value)))
        return
    places = anp.getitem(np.arange(x.size).reshape(x.shape), index)
    values = [anp.ravel(anp.broadcast_to(as_array(value), places.shape)) for value in values]
    places = anp.ravel(places)
    flat = anp.ravel(x)
    for chosen in rounds(places):
        pairs = (value[chosen] for value in values)
        flat = anp.set_item(flat, places[chosen], prim(flat[places[chosen]], *pairs))
    x.replace(anp.reshape(flat, x.shape))


def rounds(places: Any) -> list[np.ndarray]:
    """Where in ``places`` its elements stand for the first time, for the second time, and so on.

    Where the places differ from element to element of a batch, each place by itself.
    """
    if is_box(places):
        return list(np.arange(len(places))[:, None])
    seen: dict[int, int] = {}
    times = np.zeros(len(places), int)
    for i, place in enumerate(places.tolist()):
        times[i] = seen[place] = seen.get(place, -1) + 1
    return [np.flatnonzero(times == time) for time in range(times.max(initial=-1) + 1)]


METHODS = {"accumulate": accumulate, "at": update_at, "outer": outer, "reduce": reduce, "reduceat": reduceat}
