"""What ndimage takes for the elements beyond an array: the array extended along an axis, and the transpose of that."""

from __future__ import annotations

import numpy as np

from ...core.unary import unary
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.batching import first_mapped
from ...numpy.broadcasting import match_dtype
from ...numpy.definers import linear

__all__ = ["extend", "extend_along", "fold_along", "mode_of"]

PADDING = {
    "reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap",
    "grid-wrap": "wrap",
}
"""NumPy's names of the modes in which elements repeat."""


def mode_of(mode: str) -> str:
    """The mode, checked: "constant", or one in which elements repeat."""
    if mode not in PADDING and mode not in ("constant", "grid-constant"):
        raise RuntimeError("boundary mode not supported")
    return "constant" if mode == "grid-constant" else mode


def sources(size, before, after, mode):
    """Of each element of the extended axis the one that it repeats."""
    return np.pad(np.arange(size), (before, after), PADDING[mode])


@unary
def extend_along(x, before, after, axis, mode):
    return np.take(x, sources(x.shape[axis], before, after, mode), axis)


@unary
def fold_along(x, before, after, axis, mode):
    """The transpose: each element of ``x`` added to the one that it would repeat."""
    x = np.moveaxis(x, axis, 0)
    size = x.shape[0] - before - after
    places = sources(size, before, after, mode)
    answer = x[before : before + size].copy()
    for i in [*range(before), *range(before + size, x.shape[0])]:
        answer[places[i]] += x[i]
    return np.moveaxis(answer, 0, axis)


linear(extend_along, lambda g, ans, x, *params: match_dtype(fold_along(g, *params), x.dtype))
linear(fold_along, lambda g, ans, x, *params: match_dtype(extend_along(g, *params), x.dtype))
for _prim in (extend_along, fold_along):
    declare(_prim, owns_memory=True, batching=first_mapped(
        lambda x, before, after, axis, mode, prim=_prim: prim(x, before, after, axis + 1, mode)
    ))


def extend(x, widths, mode, cval):
    """``x`` extended along all axes by ``widths``, pairs of counts before and after."""
    if mode == "constant":
        return anp.pad(x, widths, constant_values=cval) if any(map(any, widths)) else x
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = extend_along(x, before, after, axis, mode)
    return x
