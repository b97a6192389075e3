"""Functions along an axis of Dask's arrays: that axis becomes one chunk, and each block has an answer of its own."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np

from ..numpy import wrapped as anp
from ..numpy.rules import cumulative, fft, ordering, quantiles, steps
from .dask_blocks import Task, as_dask, in_one_chunk, is_unknown, over_blocks
from .dask_shapes import reshape

__all__ = ["FORMS"]


def along(
    prim: Callable, arrays: int = 1, axis_at: int = 0, size: Callable | None = None, dtype: Any = None
) -> Callable:
    """The form of ``prim(x, …, *params)``, of one or several arrays of one shape. ``axis_at``: where among the params
    the axis is; ``size``: how long it is in the answer, from the params; ``dtype``: that of the answer, or what finds
    it; by default those of ``x``."""

    def form(*args):
        operands, params = args[:arrays], list(args[arrays:])
        axis = params[axis_at] = params[axis_at] % operands[0].ndim
        operands = [in_one_chunk(prim, as_dask(x), (axis,)) for x in operands]
        x = operands[0]
        length = x.shape[axis] if size is None else size(*params)
        new = x.dtype if dtype is None else dtype(x.dtype) if type(dtype) is types.FunctionType else np.dtype(dtype)
        labels = tuple(range(x.ndim))
        return da.blockwise(
            Task(prim, *params), labels, *[part for each in operands for part in (each, labels)], dtype=new,
            adjust_chunks={axis: (length,)}, meta=np.empty((0,) * x.ndim, new), align_arrays=not is_unknown(x),
        )

    return form


def dtype_of(function: Callable) -> Callable[[np.dtype], np.dtype]:
    return lambda dtype: function(np.ones(2, dtype)).dtype


def weighted_place(weights, q):
    """For each row of weights, and each q."""
    prim = quantiles.weighted_place
    weights, q = in_one_chunk(prim, as_dask(weights), (1,)), as_dask(q)
    labels = tuple(range(1, 1 + q.ndim))
    return over_blocks(Task(prim), [(weights, (0, "n")), (q, labels)], (*labels, 0), {}, np.intp)


def convolve(a, v, mode="full"):
    a, v = [in_one_chunk(anp.convolve, reshape(as_dask(x), (-1,)), (0,), whole=True) for x in (a, v)]
    longer, shorter = sorted([a.size, v.size], reverse=True)
    sizes = {"full": longer + shorter - 1, "same": longer, "valid": longer - shorter + 1}
    name = next(name for name in sizes if name.startswith(mode)) if type(mode) is str else list(sizes)[::-1][mode]
    dtype = np.result_type(a.dtype, v.dtype)
    return over_blocks(Task(anp.convolve, name), [(a, ("a",)), (v, ("v",))], ("n",), {"n": sizes[name]}, dtype)


TRANSFORMS = {
    fft.fft_along: (np.fft.fft, lambda axis, n, norm: n), fft.ifft_along: (np.fft.ifft, lambda axis, n, norm: n),
    fft.rfft: (np.fft.rfft, lambda axis, n, norm: n // 2 + 1), fft.irfft: (np.fft.irfft, lambda axis, n, norm: n),
}

FORMS: dict[Callable, Callable] = {
    **{prim: along(prim, size=size, dtype=dtype_of(function)) for prim, (function, size) in TRANSFORMS.items()},
    anp.convolve: convolve,
    cumulative.cumprod_along: along(cumulative.cumprod_along, dtype=dtype_of(np.cumprod)),
    ordering.argpartition_along: along(ordering.argpartition_along, dtype=np.intp),
    ordering.argsort_along: along(ordering.argsort_along, dtype=np.intp),
    ordering.permute: along(ordering.permute, arrays=2),
    ordering.unpermute: along(ordering.unpermute, arrays=2),
    quantiles.weighted_place: weighted_place,
    steps.turns: along(steps.turns, axis_at=1, dtype=np.float64),
}
