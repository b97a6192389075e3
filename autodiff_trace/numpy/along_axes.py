"""Functions along axes: reductions, whose answers lack them, and functions that run along them, in all modes.

The primitive of a reduction is called ``prim(x, axes, keepdims)``, all axes being named; what runs along an axis is
called ``prim(x, axis)``. Further params follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.array_ops import array_ops
from ..core.forward import defjvp
from ..core.reverse import defvjp
from ..core.tracer import box_classes
from ..core.traits import declare
from . import wrapped as anp
from .canonical import NO_VALUE, as_array, axes_of, is_given, unary_of
from .batching import first_mapped
from .definers import define, linear

__all__ = [
    "cast", "expand_reduced", "fill_in", "kept_axes_last", "reduced_shape", "reduces", "reduction",
    "runs_along",
]


def reduction(
    *functions: Callable, compute: Callable, neutral: Any = None, transpose: Callable | None = None,
    vjp: Callable | None = None, jvp: Callable | None = None, **facts: Any,
) -> Callable:
    """Make a reduction of NumPy, and the public form of ``functions``, which are all the same. Returns the primitive.

    Arguments:
        compute: ``compute(x, axes, keepdims)``.
        neutral: what stands for the elements that ``where=`` leaves out: a number, or from a dtype its least number
            (then NumPy wants an ``initial=`` beside). None: the public form is defined elsewhere.
        transpose, or vjp and jvp: its rules, of a linear function and of others, ``rule(g, ans, x, axes, keepdims)``.
        facts: what else is declared, by the names of the fields of ``Traits``.
    """
    prim = unary_of(functions[0], **facts)(compute)
    reduces(prim)
    if transpose is not None:
        linear(prim, transpose)
    elif vjp is not None:
        defvjp(prim, vjp)
        defjvp(prim, jvp)
    if neutral is not None:
        define(*functions)(with_parameters(prim, neutral))
    return prim


def with_parameters(prim: Callable, neutral: Any) -> Callable:
    """The definition of a reduction with all that NumPy's have, by its primitive."""

    def reduce(a, axis, dtype, out, keepdims, initial, where):
        x = a if type(a) in box_classes else as_array(a)
        axes = axes_of(x, axis)
        keepdims = keepdims is not NO_VALUE and bool(keepdims)
        # (What is_given() asks is written out for the commonest calls.)
        if dtype is None is out and (initial is NO_VALUE or initial is None) and (where is NO_VALUE or where is None):
            return prim(x, axes, keepdims)
        if is_given(where):
            if callable(neutral) and not is_given(initial):
                raise ValueError(f"{prim.__name__}: it has no identity, so to use a where mask give initial=")
            x = fill_in(x, where, neutral(x.dtype) if callable(neutral) else neutral)
        x = cast(x, dtype)
        if is_given(initial):
            ans = prim(with_initial(x, axes, initial), (x.ndim - len(axes),), False)
            ans = anp.reshape(ans, reduced_shape(x, axes)) if keepdims else ans
        else:
            ans = prim(x, axes, keepdims)
        return array_ops.store(out, cast(ans, dtype))

    return reduce


def reduces(prim: Callable) -> None:
    """Give a primitive ``prim(x, axes, …)`` that reduces ``axes`` its batching and its sparsity."""
    declare(
        prim, batching=first_mapped(lambda x, axes, *params: prim(x, one_further(axes), *params)),
        sparsity=lambda nodes, ans, x, axes, *params: reduce_sets(nodes[0], x.shape, reduced_shape(x, axes)),
    )


def runs_along(prim: Callable) -> None:
    """The same for a primitive of which each element of the answer depends on all along ``axes``, or ``axis``."""

    def sparsity(nodes, ans, x, axes, *params):
        shape = reduced_shape(x, axes)
        sets = reduce_sets(nodes[0], x.shape, shape)
        return sets.gather(np.broadcast_to(np.arange(sets.count).reshape(shape), ans.shape))

    batching = first_mapped(lambda x, axes, *params: prim(x, one_further(axes), *params))
    declare(prim, batching=batching, sparsity=sparsity)


def one_further(axes: Any) -> Any:
    """The axes, or the axis, of an array that has one more in front."""
    return axes + 1 if type(axes) is int else tuple([axis + 1 for axis in axes])


def reduce_sets(sets: Any, old: tuple, new: tuple) -> Any:
    """The index sets of an array of shape ``old``, united over the axes along which one of ``new`` is broadcast."""
    count = int(np.prod(new))
    return sets.merge(np.broadcast_to(np.arange(count).reshape(new), old), count)


# Shapes


def reduced_shape(x: Any, axes: Any) -> tuple[int, ...]:
    """The shape of ``x`` with size 1 at ``axes``, one or several."""
    shape = list(x.shape)
    for axis in (axes,) if type(axes) is int else axes:
        shape[axis] = 1
    return tuple(shape)


def expand_reduced(g: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """``g`` with the reduced axes back, at size 1, so that it broadcasts against ``x``; axes in front may be absent."""
    if not g.ndim or g.ndim == x.ndim or axes[-1] < len(axes):
        return g
    return anp.reshape(g, reduced_shape(x, axes))


def kept_axes_last(x: Any, axes: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The order that puts the reduced axes last, and the shape of the others."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    return (*kept, *axes), tuple([x.shape[axis] for axis in kept])


# NumPy's further parameters, by other primitives


def fill_in(x: Any, where: Any, neutral: Any) -> Any:
    """``x``, with ``neutral`` where the mask is false."""
    where = as_array(where)
    if where.dtype != bool:
        raise TypeError(f"Cannot cast array data from {where.dtype!r} to dtype('bool') according to the rule 'safe'")
    return anp.where(where if where.shape == x.shape else anp.broadcast_to(where, x.shape), x, neutral)


def with_initial(x: Any, axes: tuple[int, ...], initial: Any) -> Any:
    """The reduced axes of ``x`` as one, the last, with one more element in front."""
    order, kept = kept_axes_last(x, axes)
    rows = anp.reshape(anp.transpose(x, order), (*kept, x.size // max(int(np.prod(kept)), 1)))
    first = anp.broadcast_to(cast(as_array(initial), x.dtype), (*kept, 1))
    return anp.concatenate([first, rows], axis=-1)


def cast(x: Any, dtype: Any) -> Any:
    """``x`` in ``dtype``, if that is given."""
    return x if dtype is None or x.dtype == dtype else anp.astype(x, np.dtype(dtype))
