"""Masks of arrays: what the core asks for to follow selections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.selections import settle
from . import wrapped as anp
from .broadcasting import ShapeOnly
from .error_states import quiet

__all__ = ["broadcast_mask", "either", "nonzero", "reduce_mask"]


def broadcast_mask(mask: Any, shape: tuple) -> Any:
    return mask if np.shape(mask) == shape else anp.broadcast_to(mask, shape)


def reduce_mask(mask: Any, shape: tuple) -> Any:
    """Whether the mask holds for any element that an element of an array of ``shape`` was broadcast to."""
    lead = mask.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1 != mask.shape[lead + i]))
    return anp.reshape(anp.any(mask, axis=axes, keepdims=True), shape)


def any_in_matrix(mask: Any, shape: tuple) -> Any:
    """Whether the mask of what was made of matrices, a stack of ``shape``, holds anywhere in what each of them gave."""
    stack = shape[:-2]
    return anp.reshape(anp.any(mask, axis=tuple(range(len(stack), mask.ndim))), (*stack, 1, 1))


def nonzero(weights: Any) -> Any:
    return anp.not_equal(settle(weights), 0)


def has_nonzero(x: Any) -> bool:
    """Whether a plain array has an element that is not 0; of a traced one nobody knows."""
    return type(x) is np.ndarray and np.count_nonzero(x) > 0  # 0.2 instead of 1.2 µs


def either(*masks: Any) -> Any:
    first, *others = masks
    for mask in others:
        first = anp.logical_or(first, mask)
    return first


def expand(x: Any, shape: tuple) -> Any:
    """An operand of an elementwise function with the shape of the answer."""
    if getattr(x, "shape", shape) == shape or isinstance(x, np.dtype):
        return x
    return x.expand(shape) if type(x) is ShapeOnly else anp.broadcast_to(x, shape)


def as_weights(mask: Any, dtype: Any) -> Any:
    """A mask as a cotangent or tangent: ones and zeros."""
    return anp.astype(mask, dtype)


@quiet
def quietly(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call ``function`` without NumPy's warnings."""
    return function(*args, **kwargs)
