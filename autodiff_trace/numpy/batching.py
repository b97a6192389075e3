"""What batching rules are made of: the mapped axis stands before all others of an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import wrapped as anp

__all__ = [
    "align", "batch_aligned", "batch_first", "batch_matrix", "batch_stacks", "first_mapped", "map_all", "mapped_index",
]


def align(args: list, mapped: list) -> list:
    """The arguments with mapped ones reshaped so that their mapped axes come before all others when broadcast."""
    ndims = [np.ndim(arg) - bool(is_mapped) for arg, is_mapped in zip(args, mapped)]
    ndim = max(ndims)
    return [
        anp.reshape(arg, (arg.shape[0],) + (1,) * (ndim - n) + arg.shape[1:]) if is_mapped and n < ndim else arg
        for arg, is_mapped, n in zip(args, mapped, ndims)
    ]


def batch_aligned(batch: Any, prim: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The batching rule of what takes arrays and broadcasts them, elements or stacks of matrices.

    >>> from autodiff_trace import extend, vmap
    >>> calls = []
    >>> double = extend.primitive(lambda x: calls.append(1) or 2 * x)
    >>> extend.elementwise(double, lambda ans, x: 2.0, batching=batch_aligned)
    >>> vmap(double)(np.arange(3.0)), len(calls)
    (array([0., 2., 4.]), 1)
    """
    return NotImplemented if kwargs else prim(*align(args, batch.mapped))


def batch_first(batch, prim, args, kwargs):
    """The rule of what works on each element of its first argument, whatever its shape; the others are static."""
    if any(batch.mapped[1:]) or any(batch.mapped_keywords.values()):
        return NotImplemented
    if kwargs.get("shape") is not None:  # of zeros_like
        kwargs = {**kwargs, "shape": (batch.size, *np.atleast_1d(kwargs["shape"]).tolist())}
    return prim(*args, **kwargs)


def batch_matrix(batch, prim, args, kwargs):
    """The rule of a function of one stack of matrices, which would take a stack of vectors for one."""
    if not any(batch.mapped[1:]) and args[0].ndim < 3:
        ndim = args[0].ndim - 1
        raise np.linalg.LinAlgError(f"{prim.__name__}: a matrix is needed, not an array of {ndim} dimensions")
    return batch_first(batch, prim, args, kwargs)


def batch_stacks(batch, prim, args, kwargs):
    """The rule of a function of stacks of matrices, and of vectors of their size, that broadcasts what is before."""
    return prim(*args)


def first_mapped(rule: Callable) -> Callable:
    """The batching rule that calls ``rule(x, *params)`` where the first argument alone is mapped."""

    def batching(batch, prim, args, kwargs):
        return NotImplemented if any(batch.mapped[1:]) or kwargs else rule(*args)

    return batching


def map_all(batch: Any, args: list) -> list:
    """The arguments, with those that are not mapped repeated along a mapped axis."""
    return [
        arg if is_mapped else anp.broadcast_to(arg, (batch.size, *np.shape(arg)))
        for arg, is_mapped in zip(args, batch.mapped)
    ]


def mapped_index(index: Any) -> Any:
    """``index`` for arrays with one more axis in front; NotImplemented where that axis would not stay in front."""
    parts = index if isinstance(index, tuple) else (index,)
    advanced = [i for i, part in enumerate(parts) if is_array(part)]
    if advanced:
        # An integer among arrays is an array to NumPy, and separated arrays put their axes before all others.
        together = [i for i, part in enumerate(parts) if is_array(part) or isinstance(part, (int, np.integer))]
        if together != list(range(together[0], together[-1] + 1)):
            return NotImplemented
    return (slice(None), *parts)


def is_array(part: Any) -> bool:
    return isinstance(part, (list, np.ndarray)) or hasattr(part, "shape") and part.shape != ()
