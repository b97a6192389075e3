"""Batching of elementwise functions: broadcasting aligns the last axes, so the mapped axis is kept in front of them."""

from __future__ import annotations

import numpy as np

from ...core.batching import defbatch
from ...core.selections import Mask
from ...core.tracer import find_top_trace, is_box
from ...core.traits import UNKNOWN, traits_of
from .. import wrapped as anp
from ..broadcasting import match_dtype
from ..mapped import map_all
from ..namespace import wrapped_functions
from ..rules.elementwise import inverted
from ..selections import restrict

__all__ = ["align", "batch_elementwise", "batch_first"]


def align(args: list, mapped: list) -> list:
    """The arguments with mapped ones reshaped so that their mapped axes come before all others when broadcast."""
    ndims = [np.ndim(arg) - bool(is_mapped) for arg, is_mapped in zip(args, mapped)]
    ndim = max(ndims)
    return [
        anp.reshape(arg, (arg.shape[0],) + (1,) * (ndim - n) + arg.shape[1:]) if is_mapped and n < ndim else arg
        for arg, is_mapped, n in zip(args, mapped, ndims)
    ]


def batch_elementwise(batch, prim, args, kwargs):
    if kwargs:
        return NotImplemented
    return prim(*(align(args, batch.mapped) if len(args) > 1 else args))


def batch_first(batch, prim, args, kwargs):
    """A function that works on each element of its first argument, whatever its shape; the others are static."""
    if any(batch.mapped[1:]) or any(batch.mapped_keywords.values()):
        return NotImplemented
    if kwargs.get("shape") is not None:  # of zeros_like
        kwargs = {**kwargs, "shape": (batch.size, *np.atleast_1d(kwargs["shape"]).tolist())}
    return prim(*args, **kwargs)


def is_by_element(function):
    return isinstance(function, np.ufunc) and function.signature is None


defbatch(
    batch_elementwise,
    *(prim for f, prim in wrapped_functions.items() if is_by_element(f) and traits_of(prim) is not UNKNOWN),
    anp.where, anp.conjugate, anp.isclose, inverted,
)
defbatch(
    batch_first,
    *(anp.astype, anp.empty_like, anp.imag, anp.ones_like, anp.real, anp.zeros_like, match_dtype),
)
defbatch(batch_first, anp.round, anp.around, anp.sinc, anp.i0)


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


defbatch(batch_restrict, restrict)
