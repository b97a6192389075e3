"""Functions along axes: reductions, whose answers lack them, and functions that run along them, in all modes.

The primitive of a reduction is called ``prim(x, axes, keepdims)``, all axes being named; what runs along an axis is
called ``prim(x, axis)``. Further params follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ..core.array_ops import array_ops
from ..core.forward import defjvp
from ..core.primitives import primitive
from ..core.reverse import defvjp
from ..core.tracebacks import border
from ..core.tracer import box_classes
from ..core.traits import declare
from . import moving
from . import wrapped as anp
from .batching import first_mapped
from .broadcasting import broadcast_tangent, cast, sum_to, unbroadcast
from .canonical import NO_VALUE, as_array, axes_of, axis_of, is_given, unary_of
from .definers import define, linear
from .ufunc_folds import reductions

__all__ = [
    "at_least_1d", "expand_reduced", "fill_in", "flat", "kept_axes_last", "reduce_sets", "reduced_shape", "reduces",
    "reduction", "runs_along",
]


@border
def reduction(
    compute: Callable[..., Any] | np.ufunc, *functions: Callable[..., Any], neutral: Any = None,
    transpose: Callable[..., Any] | None = None,
    slope: Callable[..., Any] | None = None, **facts: Any,
) -> Callable[..., Any]:
    """Make a function that reduces axes a primitive, and give it its rules. Returns the primitive.

    Arguments:
        compute: ``compute(x, axes, keepdims, *params)``, where ``axes`` is a tuple of numbers ≥ 0 in increasing order;
            or a primitive of that form. Of functions of NumPy the ufunc of which they are ``reduce``, which then asks
            them for its own on traced values.
        functions: those of NumPy that it computes.
        neutral: what stands for the elements that ``where=`` leaves out: a number, or from a dtype its least number
            (then NumPy wants an ``initial=`` beside). With it the public forms of ``functions`` follow.
        transpose: of a linear function the VJP rule, ``transpose(g, ans, x, axes, keepdims, *params)``.
        slope: of others the derivative by each element of ``x``, ``slope(ans, x, axes, *params)``.
        facts: more that is declared of the function, as ``declare`` has it.

    >>> from autodiff_trace import grad, vmap, numpy as anp
    >>> sum_of_squares = reduction(lambda x, axes, keepdims: np.sum(x * x, axes, keepdims=keepdims),
    ...                            slope=lambda ans, x, axes: 2 * x)
    >>> grad(lambda x: sum_of_squares(x, (0, 1), False))(np.ones((2, 2)))
    array([[2., 2.],
           [2., 2.]])
    >>> vmap(lambda x: sum_of_squares(x, (0,), False))(np.ones((2, 3)))
    array([3., 3.])
    """
    if isinstance(compute, np.ufunc):
        reductions[compute] = functions[0]
        compute = by_ufunc(compute, functions[0])
    prim = compute
    if not hasattr(compute, "traits"):
        prim = unary_of(functions[0])(compute) if functions else primitive(compute)
    reduces(prim)
    if transpose is not None:
        linear(prim, transpose)
    elif slope is not None:
        vjp, jvp = slope_rules(slope)
        defvjp(prim, vjp)
        defjvp(prim, jvp)
    declare(prim, **facts)
    if neutral is not None:
        define(*functions)(with_parameters(prim, neutral))
    return prim


def by_ufunc(ufunc, function):
    ufunc_reduce, is_logical = ufunc.reduce, ufunc in (np.logical_and, np.logical_or)

    def compute(x, axes, keepdims):
        # (Of objects logical functions give an element.)
        if type(x) is not ndarray or is_logical and x.dtype.kind not in "biufc":
            return function(x, axis=axes, keepdims=keepdims)
        return ufunc_reduce(x, axes, None, None, keepdims)

    return compute


def slope_rules(slope):
    """VJP and JVP of a reduction, from its derivative by each element."""

    def vjp(g, ans, x, axes, keepdims, *params):
        return unbroadcast(expand_reduced(g, x, axes) * slope(ans, x, axes, *params), x)

    def jvp(t, ans, x, axes, keepdims, *params):
        total = sum_to(t * slope(ans, x, axes, *params), reduced_shape(x, axes) if ans.ndim else ())
        return broadcast_tangent(moving.reshape(total, ans.shape) if ans.ndim and not keepdims else total, ans)

    return vjp, jvp


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
            if x.dtype.kind in "iub":  # sums of small integers are larger ones
                x = cast(x, prim(np.ones(1, x.dtype), (0,), False).dtype)
            ans = prim(with_initial(x, axes, initial), (x.ndim - len(axes),), False)
            ans = anp.reshape(ans, reduced_shape(x, axes)) if keepdims else ans
        else:
            ans = prim(x, axes, keepdims)
        return array_ops.store(out, cast(ans, dtype))

    return reduce


@border
def reduces(prim: Callable[..., Any]) -> None:
    """Give a primitive ``prim(x, axes, …)`` that reduces ``axes`` its batching and its sparsity.

    >>> from autodiff_trace import vmap
    >>> last = primitive(lambda x, axes: x.take(-1, axes[0]))
    >>> reduces(last)
    >>> vmap(lambda x: last(x, (0,)))(np.arange(6.0).reshape(2, 3))
    array([2., 5.])
    """
    declare(
        prim, batching=first_mapped(lambda x, axes, *params: prim(x, one_further(axes), *params)),
        sparsity=lambda nodes, ans, x, axes, *params: reduce_sets(nodes[0], x.shape, reduced_shape(x, axes)),
    )


@border
def runs_along(prim: Callable[..., Any]) -> None:
    """The same for a primitive of which each element of the answer depends on all along ``axes``, or ``axis``.

    >>> from autodiff_trace import vmap
    >>> running_sum = primitive(lambda x, axis: np.cumsum(x, axis))
    >>> runs_along(running_sum)
    >>> vmap(lambda x: running_sum(x, 0))(np.ones((2, 3)))
    array([[1., 2., 3.],
           [1., 2., 3.]])
    """

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


def at_least_1d(a: Any) -> Any:
    x = as_array(a)
    return x if x.ndim else anp.reshape(x, (1,))


def flat(a: Any, axis: Any) -> tuple[Any, int]:
    """``a`` as an array, flat where ``axis`` is None, and the axis."""
    x = as_array(a)
    if axis is None:
        return x if x.ndim == 1 else anp.reshape(x, (-1,)), 0
    return x, axis_of(x, axis)


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

