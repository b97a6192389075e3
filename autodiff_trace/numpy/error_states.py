"""NumPy's handling of floating-point errors, set and restored in 0.15 µs; ``np.errstate`` takes 0.8."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any

import numpy as np

try:  # what np.errstate itself calls, under names that may change
    from numpy._core.umath import _extobj_contextvar as current
    from numpy._core.umath import _make_extobj as make
except ImportError:
    current = make = None

__all__ = ["error_state", "handling_of_muted", "muted", "quiet", "restore_errors", "set_quiet", "setter", "under"]


@cache
def setter(*settings: tuple[str, str]) -> Callable[[Any], Any]:
    """A function that sets these errors and leaves the others as they are, which ``error_state`` gives.

    That is asked before the ``try`` within which they are set: Ctrl-C between the two changes nothing.

    >>> raise_division = setter(("divide", "raise"))
    >>> before = error_state()
    >>> try:
    ...     _ = raise_division(before)
    ...     print(np.geterr()["divide"])
    ... finally:
    ...     _ = restore_errors(before)
    raise
    >>> np.geterr()["divide"]
    'warn'
    """
    if current is None:
        return lambda before: np.seterr(**dict(settings))
    latest = None, None

    def set_errors(now):
        nonlocal latest
        before, made = latest
        if before is not now:
            made = make(**dict(settings))  # with the others as they are now
            latest = now, made
        return current.set(made)

    return set_errors


def restore_slowly(before):
    np.seterr(**before)


error_state: Callable[[], Any] = np.geterr if current is None else current.get
"""The handling of errors as one object: while that is the same nothing has been set. (``np.geterr`` takes 0.4 µs.)"""

restore_errors: Callable[[Any], Any] = restore_slowly if current is None else current.set
"""Put back the handling of errors that ``error_state`` gave, in the same thread."""


set_quiet = setter(("divide", "ignore"), ("invalid", "ignore"), ("over", "ignore"))


handling_of_muted: ContextVar[Any] = ContextVar("handling_of_muted", default=None)
"""The handling of errors within :func:`muted`: that they are ignored then does not say that they are meant."""


@contextmanager
def muted() -> Iterator[None]:
    """Without warnings, where what is computed may not be wanted."""
    if np.geterr()["invalid"] == "ignore":
        yield
        return
    with np.errstate(all="ignore"):
        token = handling_of_muted.set(error_state())
        try:
            yield
        finally:
            handling_of_muted.reset(token)


def under(set_errors: Callable[[Any], Any], function: Callable) -> Callable:
    """``function``, run under the handling of errors that a :func:`setter` sets."""

    @wraps(function)
    def call(*args, **kwargs):
        before = error_state()
        try:
            set_errors(before)
            return function(*args, **kwargs)
        finally:
            restore_errors(before)

    return call


def quiet(function: Callable) -> Callable:
    """Decorate what may meet an infinite slope: NumPy's warning belongs to the value, not to the derivative."""
    return under(set_quiet, function)
