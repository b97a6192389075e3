"""Selection: which back end a jitted function runs on, as its user, or the environment, says."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

__all__ = ["AUTO", "BACKENDS", "MATHS", "VARIABLE", "Selection", "check_selection", "selected"]

BACKENDS = ("auto", "numpy", "native")

MATHS = ("own", "numpy")

VARIABLE = "AUTODIFF_TRACE_BACKEND"
"""The variable of the environment that says what "auto" is: one of these."""


class Selection(NamedTuple):
    """``backend``: "auto", "numpy" or "native"; ``math``: whose functions native code calls, "own" or "numpy"."""

    backend: str = "auto"
    math: str = "own"

    def named(self) -> dict[str, str]:
        """What differs from what is selected unless one says something."""
        return {name: value for name, value in self._asdict().items() if value != self._field_defaults[name]}


AUTO = Selection()


def check_selection(backend: Any, math: Any) -> Selection:
    """What a user asks for. Raises ValueError for what there is not."""
    if type(backend) is not str or backend not in BACKENDS:
        raise ValueError(f"jit: backend={backend!r}; there are {', '.join(map(repr, BACKENDS))}.")
    if type(math) is not str or math not in MATHS:
        raise ValueError(f"jit: math={math!r}; there are {' and '.join(map(repr, MATHS))}.")
    selected(Selection(backend, math))
    return Selection(backend, math)


def selected(asked: Selection) -> Selection:
    """The selection, with what the environment says in the place of "auto"."""
    if asked.backend != "auto":
        return asked
    named = os.environ.get(VARIABLE) or "auto"
    if named not in BACKENDS:
        raise ValueError(f"jit: {VARIABLE}={named!r} in the environment; it can be {', '.join(BACKENDS)}.")
    return asked._replace(backend=named)
