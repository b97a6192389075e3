"""Views of traced arrays: writing through a view changes the viewed array, and the other way round, as in NumPy.

A box made by indexing, reshaping or transposing another remembers how, ``_view_of = (base, prim, args, kwargs)``, and
is remembered by it (weakly). When one of them is written, the other is computed anew.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable

import numpy as np

from ..core.array_ops import array_ops
from ..core.errors import TracedValueError, caller_line
from ..core.ownership import lend_copies
from ..core.tracer import Box, to_value
from . import wrapped as anp

__all__ = ["note_view", "refresh_views", "write_base"]


def note_view(view: Box, base: Box, prim: Callable, args: tuple, kwargs: dict) -> None:
    """Remember that ``view`` shows the memory of ``base``, if it does."""
    memory = to_value(view)
    if type(memory) is not np.ndarray:
        return
    owner = memory.base
    if owner is None:
        if not was_lent(view, base):
            return
    else:
        # The base of a view is, as a rule, the array that owns the memory: np.may_share_memory takes 0.6 µs.
        base_memory = to_value(base)
        if owner is not base_memory and owner is not getattr(base_memory, "base", None):
            if not np.may_share_memory(memory, base_memory):
                return
    view._view_of = base, prim, args, kwargs
    if memory is not view._value:
        view._value._view_of = None  # it is nobody's to write to, and nodes may keep it: let go of the base
    if getattr(base, "_copies_left", 0):
        lend_copies(view, base)
    views = getattr(base, "_views", None)
    if views is None:
        base._views = [weakref.ref(view)]
    else:
        if len(views) & (len(views) - 1) == 0:  # now and then forget the views that are gone
            views[:] = [each for each in views if each() is not None]
        views.append(weakref.ref(view))


def was_lent(view: Box, base: Box) -> bool:
    """Whether the value of ``view``, a box of a lower trace, is a view of that of ``base`` which got its own memory."""
    lower = view._value
    while (link := getattr(lower, "_view_of", None)) is not None:
        lower = link[0]
        if lower is base._value:
            return True
    return False


def write_base(view: Box) -> None:
    """Write the new value of ``view`` into the array that it is a view of."""
    base, prim, args, kwargs = view._view_of
    if prim is anp.getitem:
        return base.write(*args, view, except_view=view)
    if prim in (anp.broadcast_to, anp.diagonal):
        raise ValueError("assignment destination is read-only")
    elif prim in (anp.real, anp.imag):
        raise TracedValueError(
            f"the {prim.__name__} part of a traced array cannot be written through ({caller_line()}): write "
            "z[...] = re + 1j * im instead."
        )
    else:
        # Where each element of the view lies in the base, found by making the same view of the positions.
        positions = prim(np.arange(base.size).reshape(base.shape), *args, **kwargs)
        flat = anp.set_item(anp.reshape(base, -1), np.ravel(positions), anp.reshape(view, -1))
        new = anp.reshape(flat, base.shape)
    base.replace(new, except_view=view)


def refresh_views(base: Box, except_view: Box | None = None) -> None:
    """Compute the views of ``base`` anew from its new value."""
    for reference in getattr(base, "_views", ()):
        view = reference()
        if view is not None and view is not except_view:
            _, prim, args, kwargs = view._view_of
            view.assume(prim(base, *args, **kwargs))
            refresh_views(view)


array_ops.note_view = note_view
