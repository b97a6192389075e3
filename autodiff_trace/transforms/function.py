"""The transformed function: a callable that keeps the name of what it transforms, pickles, and says what it is."""

from __future__ import annotations

import functools
import operator
import sys
import types
from collections.abc import Callable
from typing import Any

from ..core.infinitesimals import settled

__all__ = ["Transformed"]


class Transformed:
    """``apply(fun, *args, **kwargs, <options>)`` as a function of ``args``.

    Pickles when ``fun`` does: no closure is involved.
    """

    def __init__(self, name: str, apply: Callable, fun: Callable, **options: Any) -> None:
        if not callable(fun):
            raise TypeError(f"{name}: expected a function, got {fun!r}. Write {name}(f)(x), not {name}(f(x)).")
        functools.update_wrapper(self, fun, updated=())
        self.transformation = name
        self.apply = apply
        self.fun = fun
        self.options = options

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return settled(self.apply(self.fun, self.options, args, kwargs))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce_ex__(self, protocol: Any) -> Any:
        # One made by a decorator stands where pickle looks for the function that it transforms: it pickles by name.
        name = getattr(self, "__qualname__", None)
        try:
            found = name and operator.attrgetter(name)(sys.modules[self.__module__])
        except (AttributeError, KeyError):
            found = None
        return name if found is self else super().__reduce_ex__(protocol)

    def __repr__(self) -> str:
        fun = repr(self.fun) if isinstance(self.fun, Transformed) else getattr(self.fun, "__name__", repr(self.fun))
        options = dict(self.options)
        if options.get("argnames") is not None:
            del options["argnums"]
        given = [(name, value) for name, value in options.items() if value is not None and value is not False]
        return f"{self.transformation}({fun}{''.join(f', {name}={value!r}' for name, value in given)})"
