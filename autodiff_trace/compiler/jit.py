"""``jit``: run a function once, and from then on replay what it did as a straight list of NumPy calls."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .compiling import PASSES
from .graph import Graph
from .jitted import Jitted

__all__ = ["graph", "jit"]


def jit(fun: Callable | None = None, static_argnames: str | Sequence[str] = (), passes: Sequence[str] = PASSES) -> Any:
    """``fun``, compiled."""
    if fun is None:
        return functools.partial(jit, static_argnames=static_argnames, passes=passes)
    names = static_argnames if isinstance(static_argnames, (tuple, list)) else (static_argnames,)
    unknown = [name for name in passes if name not in PASSES]
    if unknown:
        raise TypeError(f"jit: there is no pass {unknown[0]!r}; there are {', '.join(map(repr, PASSES))}.")
    return Jitted(fun, tuple(names), tuple(passes))


def graph(fun: Callable, /, *args: Any, **kwargs: Any) -> Graph:
    """Run ``fun`` once on these arguments and return what it did: ``jit(fun).graph(*args, **kwargs)``.

    Raises TracedValueError for a function that no replay can repeat.

    >>> g = graph(lambda x, y: x * y + x, 2.0, 3.0)
    >>> [node.name for node in g.nodes], [node.value for node in g.nodes]
    (['x', 'y', 'multiply', 'add'], [2.0, 3.0, 6.0, 8.0])
    >>> g(4.0, 5.0)
    24.0
    """
    return (fun if isinstance(fun, Jitted) else jit(fun)).graph(*args, **kwargs)
