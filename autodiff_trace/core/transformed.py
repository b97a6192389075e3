"""The transformed function: a callable that keeps the name of what it transforms, pickles, and says what it is."""

from __future__ import annotations

import functools
import operator
import sys
import types
from collections.abc import Callable
from numbers import Integral
from typing import Any

from .infinitesimals import settled
from .tracebacks import hide_frames

__all__ = ["Transformed", "check_function", "check_positions"]


def check_function(name: str, fun: Any, call: str) -> None:
    """Raise TypeError for what is no function; ``call`` is how one writes the call of ``name``."""
    if not callable(fun):
        raise TypeError(f"{name}: expected a function, got {fun!r}. Write {call}.")


def check_positions(name: str, argnums: Any) -> None:
    """Raise TypeError for ``argnums`` that are no positions: an argument, perhaps, as in ``jacobian(f, x)``."""
    if type(argnums) is int:
        return
    for each in argnums if isinstance(argnums, (tuple, list)) else [argnums]:
        if isinstance(each, bool) or not isinstance(each, Integral):
            raise TypeError(
                f"{name}: argnums={argnums!r}, but positions are integers; names go into argnames. Arguments go to "
                f"what it returns: {name}(f)(x)."
            )


COMMUTING = frozenset("""
    deriv derivatives elementwise_grad grad grad_and_aux hessian holomorphic_grad hvp jacfwd jacobian jacrev
    value_and_grad value_grad_and_hvp vmap
""".split())
"""Transformations that give the same of a compiled function as when they are compiled themselves."""


class Transformed:
    """``apply(fun, *args, **kwargs, <options>)`` as a function of ``args``.

    Pickles when ``fun`` does: no closure is involved.
    """

    def __init__(self, name: str, apply: Callable, fun: Callable, **options: Any) -> None:
        if not callable(fun):
            check_function(name, fun, f"{name}(f)(x), not {name}(f(x))")
        check_positions(name, options.get("argnums", 0))
        functools.update_wrapper(self, fun, updated=())
        self.transformation = name
        self.apply = apply
        self.fun = fun
        self.options = options
        # A pattern of nonzeros is another one, to be compiled for, each time that it is given.
        commutes = name in COMMUTING and isinstance(fun, Transformed) and "sparsity" not in options
        self.compiled = fun.compiled_under(self) if commutes else None

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        try:
            if self.compiled is not None:
                return self.compiled(*args, **kwargs)
            return settled(self.apply(self.fun, self.options, args, kwargs))
        except Exception as error:
            hide_frames(error)
            raise

    def compiled_under(self, outer: Transformed) -> Transformed | None:
        """What ``outer``, a transformation of this function, runs as: where a compiled function is at the bottom, the
        compiled function that does all of it."""
        return None if self.compiled is None else self.compiled.compiled_under(outer)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce_ex__(self, protocol: Any) -> Any:
        # One made by a decorator stands where pickle looks for the function that it transforms: it pickles by name, but
        # for cloudpickle in a script, whose __main__ is another one in the process that it goes to.
        caller = sys._getframe(1).f_globals["__name__"]
        is_sent = self.__module__ == "__main__" and caller.endswith("cloudpickle")
        name = None if is_sent else getattr(self, "__qualname__", None)
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
