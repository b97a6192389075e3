"""What the core asks of the array layer: a few functions on arrays, which that layer fills in when it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["LARGE", "ArrayOps", "array_ops", "large_types", "owned", "owning"]

LARGE = 4096
"""Bytes, a page of memory, above which nodes do not keep an array of which they need shape and dtype alone."""

large_types: dict[type, Callable[[Any], Any]] = {}
"""The types of arrays that can be large, and for each what makes stand-ins of which shape and dtype alone are read."""


owned: dict[int, Any] = {}
"""By their ids, arrays that belong to a running transformation, so that nobody writes to them: unit vectors. The
compiler takes them for constants, where it reads other plain arrays anew in each run."""


@contextmanager
def owning(arrays: list) -> Iterator[None]:
    """While this lasts nobody else has these arrays."""
    owned.update((id(array), array) for array in arrays)
    try:
        yield
    finally:
        for array in arrays:
            del owned[id(array)]


class ArrayOps:
    """The functions, which ``numpy/array_layer`` installs.

    ``align(args, mapped)``: arguments that are mapped or not, as broadcasting wants them.
    ``call_with_arrays(prim, args, kwargs, top)``: a call with operands that are arrays of other kinds.
    ``array(nested)``: one traced array from a nested sequence with traced values in it. ``store(out, x)``: ``x``,
    written into ``out`` if that is given, as the argument ``out=`` asks. ``note_view(view, base, prim, args, kwargs)``:
    remember that ``view = prim(base, *args, **kwargs)`` may share memory with ``base``. ``note_shared(name, results,
    arguments, is_known, refuses_plain)``: the same of a user's function; ``find_shared(result, arguments)``: which one
    it shares memory with.
    ``with_own_results(function)``: a user's function, made to return arrays that nobody else writes into.
    ``copied(x)``: what stays as it is when others write into ``x``.
    ``shape_only(x)``: what stands for ``x`` where only its shape and dtype will be read; ``outline(x)``: the same of
    whatever size; ``outline_foreign(x)``: the same of an array of another library.
    ``stack(arrays)``: along a new first axis. ``zeros_like(x)``, ``ones_like(x)``. The others are for
    :mod:`~autodiff_trace.core.selections`.
    """

    align: Callable[[list, list], list]
    array: Callable[[list | tuple], Any]
    call_with_arrays: Callable[..., Any]
    copied: Callable[[Any], Any]
    note_view: Callable[..., None]
    note_shared: Callable[..., None]
    find_shared: Callable[..., Any]
    outline: Callable[[Any], Any]
    outline_foreign: Callable[[Any], Any]
    shape_only: Callable[[Any], Any]
    stack: Callable[[list], Any]
    store: Callable[[Any, Any], Any]
    with_own_results: Callable[[Callable], Callable]
    zeros_like: Callable[[Any], Any]
    ones_like: Callable[[Any], Any]

    any: Callable[[Any], Any]
    any_in_matrix: Callable[[Any, tuple], Any]
    as_weights: Callable[[Any, Any], Any]
    both: Callable[[Any, Any], Any]
    broadcast_mask: Callable[[Any, tuple], Any]
    either: Callable[..., Any]
    error_state: Callable[[], Any]
    expand: Callable[[Any, tuple], Any]
    has_nonzero: Callable[[Any], bool]
    ignore_errors: Callable[[Any], Any]
    is_finite: Callable[[Any], bool]
    is_traced: Callable[[Any], bool]
    nonzero: Callable[[Any], Any]
    quietly: Callable[..., Any]
    reduce_mask: Callable[[Any, tuple], Any]
    restore_errors: Callable[[Any], Any]
    restrict: Callable[[Any, Any], Any]
    restricted: Callable[[Any, Callable[[], Any]], Any]
    sum_to: Callable[[Any, tuple], Any]

    def install(self, **functions: Callable) -> None:
        """Fill in all of them."""
        assert functions.keys() == ArrayOps.__annotations__.keys()
        vars(self).update(functions)


array_ops = ArrayOps()
