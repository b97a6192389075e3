"""Rules of ``pad``: axis by axis, what stands before and after the array is computed from it and joined to it."""

from __future__ import annotations

import numpy as np

from ...core.errors import TracedValueError, caller_line
from ...core.tracer import find_top_trace
from .. import wrapped as anp
from ..broadcasting import cast
from ..canonical import as_array
from ..definers import define

__all__: list[str] = []

KEYWORDS = {
    "constant": "constant_values", "edge": None, "empty": None, "linear_ramp": "end_values", "maximum": "stat_length",
    "mean": "stat_length", "median": "stat_length", "minimum": "stat_length", "reflect": "reflect_type",
    "symmetric": "reflect_type", "wrap": None,
}
"""The keyword that each mode takes."""


@define(np.pad)
def pad(array, pad_width, mode="constant", **kwargs):
    if callable(mode):
        raise TracedValueError(
            f"pad: a function as mode= cannot be traced ({caller_line()}): it writes into a plain array. Use one of "
            f"the modes {', '.join(KEYWORDS)}, or join the parts with anp.concatenate."
        )
    if mode not in KEYWORDS:
        raise ValueError(f"mode '{mode}' is not supported")
    unsupported = set(kwargs) - {KEYWORDS[mode]}
    if unsupported:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unsupported}")
    array = as_array(array)
    widths = pad_widths(pad_width, array.ndim)
    if mode == "empty":  # any values will do
        mode = "constant"
    if mode == "constant" and find_top_trace(kwargs.values()) is None:
        return pad_with_constants(array, widths, **kwargs)
    return cast(PADDINGS[mode](array, widths, **kwargs), array.dtype)


def pad_widths(pad_width, ndim):
    """How much goes before and after each axis, as a list of pairs."""
    if isinstance(pad_width, dict):  # since NumPy 2.2
        pairs = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            pairs[axis] = (width, width) if np.ndim(width) == 0 else tuple(width)
        pad_width = pairs
    if np.asarray(pad_width).dtype.kind not in "iu":
        raise TypeError("`pad_width` must be of integral type.")
    pairs = as_pairs(np.asarray(pad_width), ndim)
    if pairs.size and pairs.min() < 0:
        raise ValueError("index can't contain negative values")
    return pairs.tolist()


def as_pairs(x, ndim):
    """A number, a pair for all axes, or a pair for each axis, as an array of pairs."""
    x = as_array(x)
    if x.size == 2 and x.shape != (2, 1):
        x = anp.ravel(x)
    return anp.broadcast_to(x, (ndim, 2))


def pad_with_constants(x, widths, constant_values=0):
    """With constants that are not traced: in one step the array is written into one that NumPy padded."""
    if anp.ndim(constant_values) == 0:  # a view is enough, as set_item copies it
        shape = tuple([before + size + after for (before, after), size in zip(widths, x.shape)])
        frame = np.broadcast_to(np.asarray(constant_values).astype(x.dtype), shape)
    else:
        frame = np.pad(np.zeros(x.shape, x.dtype), widths or 0, constant_values=constant_values)
    inside = tuple([slice(before, before + size) for (before, _), size in zip(widths, x.shape)])
    return anp.set_item(frame, inside, x)


def pad_axis_by_axis(x, widths, sides):
    """Along one axis after another join to ``x`` the two pieces ``sides(x, axis, before, after)``, in its dtype: whole
    numbers are the nearest."""
    dtype = x.dtype
    for axis, (before, after) in enumerate(widths):
        if before or after:
            left, right = sides(x, axis, before, after)
            if dtype.kind in "iu":
                left, right = anp.round(left), anp.round(right)
            x = anp.concatenate([cast(left, dtype), x, cast(right, dtype)], axis)
    return x


def along(axis, index):
    return (*(slice(None),) * axis, index)


def repeat_along(piece, axis, count):
    """A piece of size 1 along ``axis``, ``count`` times."""
    return anp.broadcast_to(piece, (*piece.shape[:axis], count, *piece.shape[axis + 1 :]))


def pad_constant(x, widths, constant_values=0):
    values = anp.astype(as_pairs(constant_values, x.ndim), x.dtype)

    def sides(x, axis, before, after):
        shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        left, right = (anp.broadcast_to(values[axis, side], shape) for side in (0, 1))
        return repeat_along(left, axis, before), repeat_along(right, axis, after)

    return pad_axis_by_axis(x, widths, sides)


def pad_linear_ramp(x, widths, end_values=0):
    check_not_empty(x, widths)
    dtype = x.dtype if x.dtype.kind in "fc" else np.dtype(np.float64)
    ends = anp.astype(as_pairs(end_values, x.ndim), dtype)

    def ramp(x, axis, side, count):
        # From the end value, exactly, at the outermost place to the edge, which is not reached: count steps.
        edge = cast(x[along(axis, slice(-1, None) if side else slice(0, 1))], dtype)
        steps = np.arange(count)[:: -1 if side else 1]
        steps = steps.reshape((-1,) + (1,) * (x.ndim - axis - 1)).astype(dtype)
        values = ends[axis, side] + steps * ((edge - ends[axis, side]) / max(count, 1))
        return anp.floor(values) if x.dtype.kind in "iu" else values

    def sides(x, axis, before, after):
        return ramp(x, axis, 0, before), ramp(x, axis, 1, after)

    return pad_axis_by_axis(x, widths, sides)


def pad_statistic(name):
    """Pad with the maximum, mean … of the ``stat_length`` elements at each end."""

    def pad_with_statistic(x, widths, stat_length=None):
        check_not_empty(x, widths)
        lengths = None if stat_length is None else as_pairs(np.asarray(stat_length), x.ndim)
        if lengths is not None and lengths.min() < 0:
            raise ValueError("index can't contain negative values")

        def sides(x, axis, before, after):
            size = x.shape[axis]
            first, last = (size, size) if lengths is None else np.minimum(lengths[axis], size).tolist()
            if (first == 0 or last == 0) and name in ("max", "min"):
                raise ValueError("stat_length of 0 yields no value for padding")
            statistic = getattr(anp, name)
            left = statistic(x[along(axis, slice(0, first))], axis=axis, keepdims=True)
            right = statistic(x[along(axis, slice(size - last, size))], axis=axis, keepdims=True)
            return repeat_along(left, axis, before), repeat_along(right, axis, after)

        return pad_axis_by_axis(x, widths, sides)

    return pad_with_statistic


def pad_by_reading(mode):
    """Modes whose new elements are elements of the array. Which ones, NumPy says by padding numbers."""

    def pad_with_elements(x, widths, reflect_type="even"):
        check_not_empty(x, widths)
        for axis, width in enumerate(widths):
            if reflect_type == "odd" and x.shape[axis] > 1:
                x = reflect_odd(x, axis, *width, mode)
            elif any(width):
                x = x[along(axis, np.pad(np.arange(x.shape[axis]), width, mode))]
        return x

    return pad_with_elements


# reflect_type="odd" reflects values at the edges too: v → 2 edge − v. The array and its first such image at the end
# make one period; from each period to the next the values rise by twice the difference of the edges. What is at most
# one image away does not read that difference, which may be infinite, or NaN, or so large that digits are lost.


def reflect_odd(x, axis, before, after, mode):
    size = x.shape[axis]
    symmetric = int(mode == "symmetric")  # the edge itself is repeated
    period = 2 * size - 2 + 2 * symmetric
    places = np.arange(-before, size + after)
    rounds, place = np.divmod(places, period)
    inside = place < size
    if not symmetric:  # where two images meet, the nearer one
        is_end = (place == 0) & (places > 0)
        rounds, place = np.where(is_end, rounds - 1, rounds), np.where(is_end, period, place)
        inside &= ~is_end & ((places >= 0) | (place < size - 1))
    elements = x[along(axis, np.where(inside, place, period - symmetric - place))]
    shape = (-1,) + (1,) * (x.ndim - axis - 1)
    places, rounds, inside = places.reshape(shape), rounds.reshape(shape), inside.reshape(shape)
    first, last = x[along(axis, slice(0, 1))], x[along(axis, slice(-1, None))]
    near = anp.where(inside, elements, 2 * anp.where(places < 0, first, last) - elements)
    rounds = np.where(inside | (places >= 0), rounds, rounds + 1)
    return anp.where(rounds == 0, near, near + rounds.astype(x.dtype) * (2 * (last - first)))


def check_not_empty(x, widths):
    for axis, (size, width) in enumerate(zip(x.shape, widths)):
        if size == 0 and any(width):
            raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")


PADDINGS = {
    "constant": pad_constant,
    "edge": pad_by_reading("edge"),
    "linear_ramp": pad_linear_ramp,
    "maximum": pad_statistic("max"),
    "mean": pad_statistic("mean"),
    "median": pad_statistic("median"),
    "minimum": pad_statistic("min"),
    "reflect": pad_by_reading("reflect"),
    "symmetric": pad_by_reading("symmetric"),
    "wrap": pad_by_reading("wrap"),
}
