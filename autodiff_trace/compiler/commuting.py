"""Transformations of a jitted function: ``grad(jit(f))`` is run as ``jit(grad(f))``.

All that keeps a compiled function right (what is watched, guards, failures, giving up) keeps ``grad(jit(f))`` right: it
is one. A function that calls ``jit(f)`` with traced values runs ``f`` itself.
"""

from __future__ import annotations

import copy
from typing import Any

from ..core.transformed import Transformed
from .dispatch.cache import CacheInfo
from .dispatch.limits import MOST_KEYS

__all__ = ["Outer"]


class Outer:
    """The transformations of one jitted function, compiled, by what they are.

    They are kept here so that who writes ``grad(f)(x)`` in a loop finds the one that has been compiled.
    """

    def __init__(self) -> None:
        self.compiled: dict[Any, Any] = {}

    def __reduce__(self) -> tuple:
        return Outer, ()  # programs are not pickled

    def find(self, outer: Transformed, jitted: Any) -> Any:
        """``outer``, a transformation of ``jitted``, as the compiled transformation of the function itself; None where
        that is not the same: the static arguments of ``outer`` may be others."""
        if jitted.static_argnames:
            return None
        key = outer.apply, tuple([(name, type(value), value) for name, value in outer.options.items()])
        try:
            found = self.compiled.get(key)
        except TypeError:  # an option that cannot be hashed
            return None
        if found is None and len(self.compiled) < MOST_KEYS:
            inner = copy.copy(outer)
            inner.fun, inner.compiled = jitted.fun, None
            found = self.compiled.setdefault(key, type(jitted)(inner, (), jitted.passes, jitted.constant, jitted.asked))
        return found

    def clear(self) -> None:
        """Forget the programs; functions that the user holds go on with these transformations."""
        for each in list(self.compiled.values()):
            each.clear_cache()

    def count(self, own: CacheInfo) -> CacheInfo:
        """The counts of the jitted function, ``own``, with those of its transformations."""
        return CacheInfo(*map(sum, zip(own, *[each.cache_info() for each in list(self.compiled.values())])))
