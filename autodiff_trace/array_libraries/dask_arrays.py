"""Dask's arrays: derivatives are graphs of tasks, which compute nothing until their user asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
from dask.array.core import elemwise

from ..core.selections import Mask
from ..numpy import moving
from ..numpy import wrapped as anp
from ..numpy.array_types import register_array_type
from ..numpy.selections import restrict

__all__: list[str] = []


def with_chunks_of(gradient: Any, argument: Any) -> Any:
    """A gradient in the chunks of its argument."""
    return gradient if gradient.chunks == argument.chunks else gradient.rechunk(argument.chunks)


FORMS: dict[Callable, Callable] = {
    anp.astype: lambda x, dtype, order="K", casting="unsafe", subok=True, copy=True: x.astype(dtype),
    restrict: lambda x, mask: elemwise(restrict.fun, x, mask() if type(mask) is Mask else mask),
    moving.reshape: lambda x, shape: x.reshape(shape),
}


def form_of(prim: Callable) -> Callable | None:
    """What computes a primitive that has no form of its own: what works element by element does so block by block."""
    if prim.traits.elementwise and not isinstance(prim.fun, np.ufunc):
        return lambda *args, **kwargs: elemwise(prim.fun, *args, **kwargs)
    return None


register_array_type(da.Array, forms=FORMS, find_form=form_of, conform=with_chunks_of)
