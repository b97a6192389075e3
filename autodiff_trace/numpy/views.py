"""Views of traced arrays: writing through a view changes the viewed array, and the other way round, as in NumPy.

Whether a result is a view is what NumPy says of the same call on the layout of its argument (``layouts``), in every
mode. A box that is a view of another remembers how, ``_view_of = (base, prim, args, kwargs)``, and is remembered by it
(weakly). When one of them is written, the other is computed anew.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import TracedValueError, caller_line
from ..core.fast.ownership import lend_copies, writing
from ..core.foreign import array_types
from ..core.tracer import Box, box_classes, is_box, to_value
from . import wrapped as anp
from .layouts import Views, is_mapped, keep_layout, layout, plain_element, set_layout
from .namespace import replace_wrapped
from .rules.complex_parts import join_parts

__all__ = [
    "check_writable", "find_root", "forget_view", "is_view", "link", "locked", "refresh_views", "stand_for_view",
    "write_base",
]


looking: list[Box] = []
"""The view that :func:`look_again` is making anew; the lock of writes guards it."""


def note_view(view: Box, base: Box, prim: Callable, args: tuple, kwargs: dict) -> None:
    """Remember that ``view`` shows the memory of ``base``, if it does."""
    value, base_value, inner = view._value, base._value, None
    kind = type(value)
    if kind is not np.ndarray and kind not in box_classes:
        if kind in array_types and owner_of(value) is owner_of(base_value):
            link(view, base, prim, args, kwargs)
        return  # a number
    views = getattr(base, "_views", None)
    if views is not None and views.layout is not None:
        found = shows(view, base, prim, args, kwargs)
    elif is_mapped(base):
        found = shows_element(view, base, prim, args, kwargs)
    elif kind is np.ndarray:  # what NumPy gives
        found = value.base is base_value or shares(value, base_value)
    else:  # the call has been made of the values, too
        inner = getattr(value, "_view_of", None)
        found = inner is not None and (inner[0] is base_value or inner[0] is base)
    if found:
        link(view, base, prim, args, kwargs)
        if base._value is not base_value:  # another thread has written it before it knew the view
            with writing:
                view.stand_for(prim(base, *args, **kwargs))
    elif (value.base if kind is np.ndarray else inner) is not None and threading.active_count() > 1:
        look_again(view, base, prim, args, kwargs)


def look_again(view: Box, base: Box, prim: Callable, args: tuple, kwargs: dict) -> None:
    """The same where another thread may have written ``base`` since ``view`` was made of it."""
    with writing:
        if looking:  # it is the call below that made this view
            return
        looking.append(view)
        try:
            if shows(view, base, prim, args, kwargs):
                view.stand_for(prim(base, *args, **kwargs))
                link(view, base, prim, args, kwargs)
        finally:
            looking.clear()


def owner_of(x: Any) -> Any:
    """The array of another library that owns the memory of ``x``, as far as that library says."""
    while (base := getattr(x, "base", None)) is not None:
        x = base
    return x


def shares(memory: Any, base_memory: Any) -> bool:
    """Whether what NumPy gives for an array shares its memory."""
    if memory is base_memory:
        return True
    owner = memory.base
    if owner is None:
        return False
    # As a rule it is the array that owns the memory: np.may_share_memory takes 0.6 µs.
    if owner is base_memory or owner is getattr(base_memory, "base", None):
        return True
    return np.may_share_memory(memory, base_memory)


def shows(view: Box, base: Box, prim: Callable, args: tuple, kwargs: dict) -> bool:
    """Whether the call gives a view of the layout of ``base``; what it gives becomes the layout of ``view``."""
    base_memory = layout(base)
    keywords = {name: plain_element(arg) for name, arg in kwargs.items()} if kwargs else kwargs
    memory = prim.fun(base_memory, *plain_element(args), **keywords)
    if type(memory) is not np.ndarray:
        return False
    if not shares(memory, base_memory):
        keep_layout(view, memory)
        return False
    set_layout(view, memory)
    return True


def shows_element(view: Box, base: Box, prim: Callable, args: tuple, kwargs: dict) -> bool:
    """The same for a mapped ``base`` that lies in memory as results do."""
    value, base_value = view._value, base._value
    if type(value) is np.ndarray and type(base_value) is np.ndarray:
        if value.ndim == 1 and prim is anp.getitem and type(args[0]) is int:
            return False  # a number
        # Views of a batch in the order C have elements that are views and lie as NumPy has them (0.7 instead of 2 µs).
        if value.ndim > 1 and base_value.flags.c_contiguous and len(value) and shares(value, base_value):
            first = value[0]
            if not (first.flags.forc and first.flags.writeable):
                set_layout(view, first)
            return True
    return shows(view, base, prim, args, kwargs)


def link(view: Box, base: Box, prim: Callable, args: tuple, kwargs: dict) -> None:
    """Let ``view`` be the view ``prim(base, *args, **kwargs)``."""
    if view is base:  # NumPy gives some arrays back as they are
        return
    view._view_of = base, prim, args, kwargs
    if type(view._value) in box_classes:
        view._value._view_of = None  # it is nobody's to write to, and nodes may keep it: let go of the base
    if getattr(base, "_copies_left", 0):
        lend_copies(view, base)
    views = getattr(base, "_views", None)
    if views is None:
        views = base._views = Views()
        views.append(weakref.ref(view))
    else:
        if len(views) & (len(views) - 1) == 0:  # now and then forget the views that are gone
            views[:] = [each for each in views if each() is not None]
        views.append(weakref.ref(view))
    if prim is locked or (of_view := getattr(view, "_views", None)) is not None and of_view.has_locked:
        find_root(base)._views.has_locked = True


def is_view(x: Any) -> bool:
    return getattr(x, "_view_of", None) is not None


def forget_view(view: Any) -> Any:
    """``view``, which from now on is an array of its own."""
    if is_view(view):
        base = view._view_of[0]
        base._views[:] = [each for each in base._views if each() is not view]
        view._view_of = None
    return view


def find_root(x: Any) -> Any:
    """The box that owns the memory of ``x``."""
    while is_view(x):
        x = x._view_of[0]
    return x


def locked(memory: Any, name: str) -> Any:
    """Stands for the call by which a result of a user's function shows ``memory``: only NumPy knows which part."""
    return memory


def check_writable(view: Box) -> None:
    """Raise if neither ``view`` nor what shows the same memory can be written.

    TracedValueError: to a part of the memory that is not known, the result of a user's function. ValueError: through
    ``view``, though its base can be written: a diagonal, a broadcast array.
    """
    root = find_root(view)
    family = [root] if root._views.has_locked else []
    for each in family:
        if is_view(each) and each._view_of[1] is locked:
            name = each._view_of[2][0]
            raise TracedValueError(
                f"assignment to an array whose memory an argument of {name} and its result share ({caller_line()}): "
                f"what NumPy does then, a trace cannot follow. Let {name} return a copy, or write into a copy."
            )
        family += [child for reference in getattr(each, "_views", ()) if (child := reference()) is not None]
    if view is not root and not layout(view).flags.writeable and layout(root).flags.writeable:
        raise ValueError(
            f"assignment destination is read-only ({caller_line()}): NumPy gives no view that can be written through "
            "here; write into a copy, or into the array itself."
        )


def write_base(view: Box) -> None:
    """Write the new value of ``view`` into the array that it is a view of."""
    base, prim, args, kwargs = view._view_of
    if prim is anp.getitem:
        return base.write(*args, view, except_view=view)
    if prim is anp.real and base.dtype.kind == "c":
        new = join_parts(view, anp.imag(base))
    elif prim is anp.imag:
        new = join_parts(anp.real(base), view)
    elif prim is anp.real or prim is anp.astype:
        new = view
    else:
        # Where each element of the view lies in the base, found by making the same view of the positions.
        positions = np.ravel(prim.fun(np.arange(base.size).reshape(base.shape), *args, **kwargs))
        if positions.size and np.bincount(positions).max() > 1:
            raise TracedValueError(
                f"elements of a view by {prim.__name__} lie in the same memory, so that it cannot be written through "
                f"({caller_line()}). Write into the array itself."
            )
        flat = anp.set_item(anp.reshape(base, -1), positions, anp.reshape(view, -1))
        new = anp.reshape(flat, base.shape)
    base.replace(new, except_view=view)


def refresh_views(base: Box, except_view: Box | None = None) -> None:
    """Compute the views of ``base`` anew from its new value."""
    for reference in tuple(getattr(base, "_views", ())):  # the list changes, as the calls here make views
        view = reference()
        if view is not None and view is not except_view and view._view_of[1] is not locked:
            _, prim, args, kwargs = view._view_of
            view.assume(prim(base, *args, **kwargs))
            refresh_views(view)


def stand_for_view(box: Box, view: Box) -> None:
    """Let ``box`` be ``view``, which is a view of it; a new box becomes what it was, for the views that it has."""
    old = type(box)(box._value, box._trace, box._node)
    old._views, box._views = box._views, view._views if getattr(view, "_views", None) is not None else Views()
    if is_view(box):
        base, *call = box._view_of
        forget_view(box)
        link(old, base, *call)
    for reference in old._views:
        each = reference()
        if each is not None:
            each._view_of = old, *each._view_of[1:]
    box._value, box._trace, box._node = view._value, view._trace, view._node
    link(box, old, *view._view_of[1:])


# shares_memory: whether two arrays are views of one


def memory_in(x: Any, root: Any, memory: np.ndarray) -> np.ndarray:
    """The memory of ``x``, a view of views of ``root``, where that has the memory ``memory``."""
    if x is root:
        return memory
    base, prim, args, kwargs = x._view_of
    return prim.fun(memory_in(base, root, memory), *plain_element(args), **kwargs)


def compare_memory(function: Callable) -> None:
    """Let ``function``, ``np.shares_memory`` or its kin, take boxes."""

    def compare(a, b, /, max_work=None):
        if not (is_box(a) and is_box(b)):
            return function(to_value(a), to_value(b), max_work)
        root = find_root(a)
        memory = layout(root)
        if (other := find_root(b)) is not root:
            compare_inputs = getattr(root._trace, "compare_memory", None)
            return compare_inputs(function, a, b, root, other) if compare_inputs else False
        return function(memory_in(a, root, memory), memory_in(b, root, memory), max_work)

    replace_wrapped(function, functools.update_wrapper(compare, function, updated=()))


compare_memory(np.may_share_memory)
compare_memory(np.shares_memory)
