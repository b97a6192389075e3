"""Rows of a table by number, numbers as rows, and attention."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from ..core.errors import caller_line
from ..core.primitives import nondifferentiable
from ..core.tracebacks import border
from ..core.traits import declare
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from ..numpy.batching import batch_first
from ..numpy.broadcasting import cast
from ..numpy.canonical import as_array
from .reductions import as_hyperparameter
from .softmaxes import shares

__all__ = ["attention", "embedding", "one_hot"]


@nondifferentiable
def checked_numbers(numbers, count, name, what, of):
    """A copy of ``numbers``, which are from 0 to ``count - 1``."""
    if numbers.size and (numbers.min() < 0 or numbers.max() >= count):
        raise ValueError(
            f"{name}: {what} from {numbers.min()} to {numbers.max()}, but there are {count} {of}, 0 to {count - 1}"
        )
    return np.array(numbers)


declare(checked_numbers, batching=batch_first, owns_memory=True)


def integers(name, what, numbers):
    numbers = as_array(numbers)
    if not numbers.size and numbers.dtype == float:  # an empty list
        numbers = anp.astype(numbers, np.intp)
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"{name}: {what} are integers, not {numbers.dtype} ({caller_line()})")
    return numbers


@border
def embedding(table: Any, numbers: Any) -> Any:
    """The rows of ``table`` with these numbers.

    Arguments:
        table: an array of shape (rows, ...).
        numbers: integers from 0 on, of any shape (...); negative ones do not count from the end.

    Returns an array of the shape of ``numbers`` and that of a row. Raises TypeError for numbers that are no integers,
    and ValueError for those that are no rows.

    >>> import numpy as np
    >>> embedding(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([1, 0, 1]))
    array([[2., 3.],
           [0., 1.],
           [2., 3.]])
    """
    table, numbers = as_array(table), integers("embedding", "numbers", numbers)
    if not table.ndim:
        raise ValueError(f"embedding: table is a number, and has no rows ({caller_line()})")
    return anp.take(table, checked_numbers(numbers, table.shape[0], "embedding", "numbers", "rows"), axis=0)


@border
def one_hot(labels: Any, classes: int, dtype: Any = float) -> Any:
    """A row for each label, which is 1 at the label and else 0.

    Arguments:
        labels: integers of any shape, from 0 to ``classes - 1``.

    Returns an array of shape (..., classes). Raises TypeError for labels that are no integers, and
    ValueError for those that are no classes.

    >>> import numpy as np
    >>> one_hot(np.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    if not isinstance(classes, (int, np.integer)) or classes < 1:
        raise ValueError(f"one_hot: classes is an integer, at least 1, not {classes!r} ({caller_line()})")
    labels = checked_numbers(integers("one_hot", "labels", labels), classes, "one_hot", "labels", "classes")
    return anp.astype(anp.equal(anp.expand_dims(labels, -1), np.arange(classes)), dtype)


@border
def attention(
    query: Any, key: Any, value: Any, *, mask: Any = None, causal: bool = False, scale: float | None = None,
    **unknown: NoReturn,
) -> Any:
    """``softmax(query @ key.T * scale) @ value`` (Vaswani and others, 2017).

    Arguments:
        query: an array of shape (..., queries, features).
        key: an array of shape (..., keys, features).
        value: an array of shape (..., keys, outputs).
        mask: truth values that broadcast to (..., queries, keys), True where the query sees the key; or numbers that
            are added to the products.
        causal: query i sees the keys 0 to i alone.
        scale: by default one over the root of the number of features.

    Returns an array of shape (..., queries, outputs); of a query that sees no key it is 0. Raises ValueError where
    shapes do not fit.

    >>> import numpy as np
    >>> query, key, value = np.zeros((2, 3)), np.zeros((2, 3)), np.array([[1.0], [3.0]])
    >>> attention(query, key, value, causal=True)
    array([[1.],
           [2.]])
    """
    if unknown:
        raise unknown_keyword("attention", unknown)
    query, key, value = as_array(query), as_array(key), as_array(value)
    if min(query.ndim, key.ndim, value.ndim) < 2 or query.shape[-1] != key.shape[-1] or (
            key.shape[-2] != value.shape[-2] or not broadcasts(query.shape[:-2], key.shape[:-2], value.shape[:-2])):
        raise ValueError(
            f"attention: query is of shape (..., queries, features), key (..., keys, features) and value (..., keys, "
            f"outputs), not {query.shape}, {key.shape} and {value.shape} ({caller_line()})"
        )
    scale = 1 / math.sqrt(max(1, query.shape[-1])) if scale is None else as_hyperparameter(scale)
    scores = (query * scale) @ anp.swapaxes(key, -1, -2)
    if mask is not None:
        mask = as_array(mask)
        if mask.dtype.kind in "iu":
            raise TypeError(
                f"attention: mask is of dtype {mask.dtype} ({caller_line()}). Write mask.astype(bool), True where the "
                "query sees the key; or floating-point numbers, which are added"
            )
        if not broadcasts(mask.shape, scores.shape):
            raise ValueError(
                f"attention: mask has shape {mask.shape}, which does not broadcast to (..., queries, keys), "
                f"{scores.shape} ({caller_line()})"
            )
        scores = hide(scores, mask) if mask.dtype == bool else scores + cast(mask, scores.dtype)
    if causal:
        scores = hide(scores, np.tri(*scores.shape[-2:], dtype=bool))
    weights = shares(scores, (scores.ndim - 1,)) if scores.shape[-1] else scores
    return weights @ value


def broadcasts(*shapes):
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def hide(scores, mask):
    """-inf where the mask is False, which the softmax takes for nothing."""
    return anp.where(mask, scores, scores.dtype.type(-np.inf))
