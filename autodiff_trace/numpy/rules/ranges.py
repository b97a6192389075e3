"""Rules of the functions that space numbers evenly between two traced ones."""

from __future__ import annotations

import operator

import numpy as np

from ...core.foreign import has_values
from ...core.recording import to_recorded
from .. import wrapped as anp
from ..canonical import as_array
from ..definers import define

__all__: list[str] = []


@define(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    start, stop = as_inexact(start, stop)
    intervals = num - 1 if endpoint else num
    step = (stop - start) / intervals if intervals > 0 else (stop - start) * np.nan
    steps = np.arange(num).reshape((-1,) + (1,) * step.ndim).astype(step.dtype)
    samples = start + steps * (step if intervals > 0 else stop - start)
    if endpoint and num > 1:
        samples = anp.set_item(samples, -1, stop)
    samples = anp.moveaxis(samples, 0, axis)
    if dtype is not None:
        samples = anp.astype(anp.floor(samples) if np.issubdtype(dtype, np.integer) else samples, dtype)
    return (samples, step) if retstep else samples


def as_inexact(*ends, at_least=1.0):
    """The ends as arrays of one floating-point or complex dtype, on which Python's own numbers have no influence."""
    ends = [x if isinstance(x, (int, float, complex)) else as_array(x) for x in ends]
    dtype = anp.result_type(*ends, at_least, 1.0)
    return [anp.astype(as_array(x), dtype) for x in ends]


@define(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    if anp.ndim(base):
        ndim = len(np.broadcast_shapes(anp.shape(start), anp.shape(stop), anp.shape(base)))
        start, stop, base = (anp.array(as_array(x), ndmin=ndim) for x in (start, stop, base))
        base = anp.expand_dims(base, axis)
    samples = anp.power(base, anp.linspace(start, stop, num, endpoint=endpoint, axis=axis))
    return samples if dtype is None else anp.astype(samples, dtype)


@define(np.geomspace)
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    start, stop = as_inexact(start, stop, at_least=np.dtype(dtype))  # float64, unless dtype= says something else
    if has_values(start) and has_values(stop) and not (anp.all(to_recorded(start)) and anp.all(to_recorded(stop))):
        raise ValueError("Geometric sequence cannot include zero")
    ratio = stop / start
    exponents = np.linspace(0.0, 1.0, num, endpoint).reshape((-1,) + (1,) * ratio.ndim)
    samples = start * ratio ** exponents.astype(ratio.dtype)
    if endpoint and num > 1:
        samples = anp.set_item(samples, -1, stop)
    samples = anp.moveaxis(samples, 0, axis)
    return samples if dtype is None else anp.astype(samples, dtype)
