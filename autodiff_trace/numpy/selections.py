"""Selections of arrays: masks of cotangents and tangents, and the rules of functions that take some elements."""

from __future__ import annotations

import cmath
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.derivative import DerivativeTrace, without_derivatives
from ..core.forward import defjvp
from ..core.primitives import nondifferentiable, primitive
from ..core.reverse import defvjp
from ..core.selections import Mask, Selected, outline
from ..core.recording import RecordingTrace
from ..core.tracebacks import border
from ..core.tracer import find_top_trace, is_box
from ..core.traits import ANSWER, declare
from . import wrapped as anp
from .broadcasting import broadcast_tangent, unbroadcast
from .definers import SHORT, defrules, is_surely_finite, linear
from .error_states import quiet
from .batching import align, first_mapped, map_all
from .masks import broadcast_mask, nonzero, reduce_mask

__all__ = [
    "beside", "moves", "ones_beside", "restrict", "select", "select_by", "selects", "unbroadcast_selected",
    "with_moved_mask",
]


NUMBERS = frozenset(np.dtype(code).type for code in np.typecodes["AllFloat"])


@primitive
def restrict(x, mask):
    """``x`` where ``mask`` holds, else 0: for an ``x`` that is 0 there already, but for NaNs of 0 · ∞.

    ``mask`` is an array, or a :class:`~.core.selections.Mask` that is asked for only where something is not finite.
    """
    if is_plain_and_finite(x):
        return x
    kept = (mask() if type(mask) is Mask else mask) | np.isfinite(x)  # zeros keep their signs, as where all is finite
    return np.where(kept, x, x.dtype.type(0))[()]


def is_plain_and_finite(x: Any) -> bool:
    kind = type(x)
    return is_surely_finite(x) if kind is np.ndarray else kind in NUMBERS and cmath.isfinite(x)


def restricted(x: Any, mask: Mask) -> Any:
    """``x`` with the mask applied, which is asked for only where that can change something."""
    if type(x) is np.ndarray and x.ndim == 1 and x.size <= SHORT:  # as is_surely_finite() has it (0.3 µs)
        if cmath.isfinite(x.dot(x)):
            return x
    elif is_plain_and_finite(x):
        return x
    is_batched = is_followed = False
    value = x
    while is_box(value):
        if isinstance(value._trace, RecordingTrace):  # other runs may need it
            return restrict(x, mask())
        if isinstance(value._trace, DerivativeTrace):
            is_followed = True
        else:
            is_batched = True
        value = value._value
    if is_batched and not is_plain_and_finite(value):
        return restrict(x, mask())
    # What is finite loses nothing. Derivatives have to know all the same that it is selected.
    return restrict(x, mask) if is_followed or not is_batched else x


def select(g: Any, mask: Any, is_taken: bool = True) -> Any:
    """The cotangent or tangent ``g`` of what the mask took (or left); the mask broadcasts to it. Of a plain mask it is
    None or ``g`` where that is nothing or all."""
    if type(g) is type(mask) is np.ndarray and g.shape == mask.shape and g.size:  # the rest takes 2 µs more
        taken = np.count_nonzero(mask)
        if taken == 0 or taken == mask.size:
            return None if (taken == 0) == is_taken else g[()]
        if is_taken:
            return Selected(np.where(mask, g, 0.0), Mask(lambda: np.not_equal(mask, 0)))
        return Selected(np.where(mask, 0.0, g), Mask(lambda: np.equal(mask, 0)))
    if not is_box(mask) and not is_replayed(g):
        taken = np.count_nonzero(mask)
        if taken == 0 or taken == np.size(mask):
            if (taken == 0) == is_taken:
                return None
            return g[()] if type(g) is np.ndarray else g  # a number, as where() gives it
    value = anp.where(mask, g, 0) if is_taken else anp.where(mask, 0, g)
    like = outline(g)

    def find():
        found = beside(mask, like)
        return broadcast_mask(found if is_taken else anp.logical_not(found), like.shape)

    return Selected(value, Mask(find))


# What is computed from a mask has to be seen by whatever trace sees the cotangent: ``jit`` reads plain masks anew in
# each run. So it is computed from what these functions give, whose answers are traced where the cotangent is. The
# traces of derivatives need not see it, and may have ended: masks remember outlines.


@nondifferentiable
def beside(mask, g):
    """A copy of ``mask``."""
    return np.array(mask)[()]


@nondifferentiable
def ones_beside(g):
    """Ones, with the shape and dtype of ``g``."""
    return np.ones_like(g)[()]


def is_replayed(g: Any) -> bool:
    """Whether a trace that replays sees ``g``, so that other masks may follow."""
    while is_box(g):
        if isinstance(g._trace, RecordingTrace):
            return True
        g = g._value
    return False


def unbroadcast_selected(g: Any, x: Any) -> Any:
    """A cotangent that may be selected, with the shape and dtype of the operand ``x``."""
    if type(g) is not Selected:
        return unbroadcast(g, x)
    shape = x.shape
    value = unbroadcast(g.value, x)
    if value is g.value:
        return g
    return Selected(value, g.mask if g.value.shape == shape else Mask(lambda mask: reduce_mask(mask, shape), g.mask))


def select_by(weights: Any, g: Any) -> Any:
    """``g`` times the weights 0, ½ or 1 of a selection."""
    if type(weights) is type(g) is np.ndarray and weights.dtype.char == "?" and weights.shape == g.shape:
        return select(g, weights)
    if not is_box(weights) and not is_replayed(g) and np.count_nonzero(weights) == np.size(weights):
        return g * weights
    product = quiet_product(g, weights)
    like = outline(g)
    mask = Mask(lambda: anp.not_equal(beside(weights, like), 0))
    return Selected(restricted(product, mask), mask)


def with_moved_mask(rule: Callable) -> Callable:
    """A rule that moves elements and leaves zeros where none comes to: what it gives is selected."""

    def selecting(g, ans, *args, **kwargs):
        moved = rule(g, ans, *args, **kwargs)
        like = outline(g)

        def find():
            return nonzero(rule(ones_beside(like), *without_derivatives([ans, *args]), **kwargs))

        return Selected(moved, Mask(find))

    return selecting


@border
def moves(
    prim: Callable[..., Any], transpose: Callable[..., Any], *, batch: Callable[..., Any] | None = None,
    zeros: bool = False, **facts: Any
) -> None:
    """:func:`linear` for a primitive each element of whose answer is one of its argument, or a sum of some.

    ``batch(x, *params)`` is the answer for all elements of a batch, which has one more axis in front. ``zeros``: the
    answer or the transpose has zeros where no element comes to: they are not selected.

    >>> import numpy as np
    >>> from autodiff_trace import grad, numpy as anp
    >>> swap_ends = primitive(lambda x: x[::-1])
    >>> moves(swap_ends, lambda g, ans, x: g[::-1])
    >>> grad(lambda x: anp.sum(swap_ends(x) * np.arange(3.0)))(np.zeros(3))
    array([2., 1., 0.])
    """
    facts = {"moves_elements": True, "moves_from": (0,), "harmless": True, "shows_nan": True, **facts}
    linear(prim, transpose, **facts)
    if batch is not None:
        declare(prim, batching=first_mapped(batch))
    if zeros:
        prim.vjps[0], prim.jvps[0] = with_moved_mask(prim.vjps[0]), with_moved_mask(prim.jvps[0])


def selects(prim: Callable, *weights: Callable, **facts: Any) -> None:
    """Give an elementwise primitive that takes the elements of some of its arguments its rules.

    ``weights`` has for each argument ``weight(ans, *args)``: 1 where the answer is its element, ½ at ties, else 0.
    """
    for argnum, weight in enumerate(weights):
        defvjp(prim, selecting_vjp(weight, argnum), argnums=(argnum,))
        defjvp(prim, selecting_jvp(weight), argnums=(argnum,))
    declare(prim, elementwise=True, **facts)


def selecting_vjp(weight, argnum):
    def vjp(g, ans, *args):
        selected = select_by(weight(ans, *args), g)
        return None if selected is None else unbroadcast_selected(selected, args[argnum])

    return vjp


def selecting_jvp(weight):
    def jvp(t, ans, *args):
        selected = select_by(weight(ans, *args), t)
        if type(selected) is not Selected:
            return None if selected is None else broadcast_tangent(selected, ans)
        mask = Mask(lambda mask: broadcast_mask(mask, ans.shape), selected.mask)
        return Selected(broadcast_tangent(selected.value, ans), mask)

    return jvp


quiet_product = quiet(operator.mul)


# restrict: linear, and a selection itself


def batch_restrict(batch, prim, args, kwargs):
    x, mask = args
    if type(mask) is not Mask:
        # The answer has the shape of x: of one that is the same for all elements there is one for each mask.
        return prim(*align([*map_all(batch, [x]), mask], [True, batch.mapped[1]]))
    below = find_top_trace((x,))
    if below is None:
        return x  # it is finite: a mask that was not asked for changes nothing

    found = mask()  # now, while the batch is there
    if not (is_box(found) and found._trace.level > below.level):
        return prim(x, found)
    return prim(*align([x, found._value], [batch.mapped[0], found._node]))


def restrict_more(g, ans, x, mask):
    like = outline(g)
    if type(mask) is Mask:  # that of what mixes elements is one truth value for all
        found = Mask(lambda mask: broadcast_mask(mask, like.shape), mask)
    else:
        found = Mask(lambda: broadcast_mask(beside(mask, like), like.shape))
    return Selected(restricted(g, found), found)


defrules(
    restrict, (restrict_more, None), (restrict_more, None), batching=batch_restrict, elementwise=True, harmless=True,
    may_give_first=True, unread={0: (0, ANSWER)},
)
declare(beside, ones_beside, harmless=True)
