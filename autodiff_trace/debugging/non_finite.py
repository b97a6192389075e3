"""``debug_nans``: the first value that is not finite, forward or backward, is an error at the line that made it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import _GeneratorContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from ..core.forward import JVPTrace
from ..core.parameters import positional_parameters
from ..core.taylor import TaylorTrace
from ..core.tracebacks import border
from ..core.tracer import Trace, running_traces
from ..core.traits import traits_of
from ..numpy.error_states import error_state, handling_of_muted
from .places import arrays_in, file_and_line, name_of, range_text, source_line
from .watchers import Call, Place, Pull, Watcher, who_watches
from .watching import watch_everywhere, watched_by

__all__ = ["NonFiniteError", "debug_nans", "watch_from_environment"]


class NonFiniteError(FloatingPointError):
    """Under ``debug_nans``: an operation gave a NaN or an infinity that none of its operands had.

    Attributes: ``primitive``, the name of the operation; ``filename`` and ``lineno``, the user's line of its call;
    ``mode``, one of ``"value"``, ``"backward"``, ``"tangent"``.
    """

    primitive: str
    filename: str
    lineno: int
    mode: str


class Made(NamedTuple):
    """What of an answer is not finite by the operation itself."""

    array: np.ndarray
    nans: int
    infinite: int
    first: tuple[int, ...]


errors_before: ContextVar[Any] = ContextVar("errors_before", default=None)
"""NumPy's handling of errors around what is watched."""


class NanWatcher(Watcher):
    """Raises :class:`NonFiniteError`. ``infs``: an infinity counts as well as a NaN."""

    def __init__(self, infs: bool) -> None:
        self.infs = infs

    def start(self, trace: Trace) -> None:
        if not running_traces():
            errors_before.set(error_state())

    def called(self, call: Call) -> None:
        operands = [call.args, call.kwargs]
        elementwise = traits_of(call.prim).elementwise and not call.kwargs
        if call.rule is not None and call.rule.is_masked:
            return  # of what the rule gives the part that counts is looked at
        kinds = self.watched_kinds()
        made = find_made(call.ans, operands, elementwise, *kinds)
        if made is not None:
            rule = "" if call.rule is None else f", in the rule of {name_of(call.rule.prim)} in the backward pass,"
            shown = named_arguments(call.prim, call.args, call.kwargs)
            raise failure("value", f"{name_of(call.prim)}{rule}", call.place, made, shown)
        if isinstance(call.trace, (JVPTrace, TaylorTrace)):
            tangents = [node_of(arg, call.trace) for arg in (*call.args, *call.kwargs.values())]
            found = node_of(call.ans, call.trace)
            made = find_made(found, [*operands, tangents, call.ans], elementwise, *kinds)
            if made is not None:
                shown = named_arguments(call.prim, call.args, call.kwargs)
                shown += [("tangent", each) for each in tangents]
                raise failure("tangent", name_of(call.prim), call.place, made, shown)

    def pulled(self, pull: Pull) -> None:
        _, _, _, ans, args, kwargs, prim = pull.node
        made = find_made(
            [g for _, g in pull.pulled], [pull.g, ans, args, kwargs], traits_of(prim).elementwise, True, self.infs)
        if made is not None:
            shown = [*named_arguments(prim, args, kwargs), ("answer", ans), ("cotangent", pull.g)]
            raise failure("backward", name_of(prim), pull.place, made, shown)

    def watched_kinds(self) -> tuple[bool, bool]:
        """Whether NaN counts, and infinity: not where the function itself has told NumPy to ignore such errors."""
        now, before = error_state(), errors_before.get()
        if now is before or now == before or now == handling_of_muted.get():
            return True, self.infs
        ignored = {kind for kind, how in np.geterr().items() if how == "ignore"}
        return "invalid" not in ignored, self.infs and ignored.isdisjoint(("divide", "over"))


def node_of(value: Any, trace: Any) -> Any:
    """What ``trace`` carries for a value, or for those in a sequence."""
    if isinstance(value, (list, tuple)):
        return [node_of(each, trace) for each in value]
    return value._node if getattr(value, "_trace", None) is trace else None


def find_made(answers: Any, operands: Any, elementwise: bool, nans: bool, infs: bool) -> Made | None:
    """What is not finite in ``answers`` by the operation itself: a NaN that no operand has, an infinity where all are
    finite. Elementwise operations are looked at element by element, others as a whole."""
    found: list[np.ndarray] | None = None
    for array in arrays_in(answers):
        if np.isfinite(array).all():
            continue
        if found is None:
            found = list(arrays_in(operands))
        is_nan, is_infinite = np.isnan(array), np.isinf(array)
        is_nan &= nans and ~explained(np.isnan, found, array.shape, elementwise)
        is_infinite &= infs and ~explained(lambda x: ~np.isfinite(x), found, array.shape, elementwise)
        both = is_nan | is_infinite
        if both.any():
            first = tuple(map(int, np.argwhere(both)[0]))
            return Made(array, np.count_nonzero(is_nan), np.count_nonzero(is_infinite), first)
    return None


def explained(test: Callable, operands: Sequence, shape: tuple[int, ...], elementwise: bool) -> Any:
    """Where, or whether at all, one of the operands passes the test."""
    total = np.zeros(shape, bool)
    for x in operands:
        passed = test(x)
        try:
            total |= passed if elementwise else passed.any()
        except ValueError:  # what is not broadcast to the answer explains all of it
            total |= passed.any()
    return total


def named_arguments(prim: Callable, args: Sequence, kwargs: dict) -> list[tuple[str, Any]]:
    """The arguments of a call by their names."""
    names = [parameter.name for parameter in positional_parameters(prim)]
    if not names and isinstance(getattr(prim, "fun", None), np.ufunc):  # which tell from NumPy 2.4 on
        names = ["x"] if prim.fun.nin == 1 else [f"x{i + 1}" for i in range(prim.fun.nin)]
    numbered = [f"argument {i}" for i in range(len(names), len(args))]
    return [*zip([*names, *numbered], args), *kwargs.items()]


GAVE = {
    "value": "gave", "tangent": ": its rule of forward mode gave", "backward": ": its rule in the backward pass gave",
}
ADVICE = {
    "value": (
        "Keep the operands where the operation is finite, also those of elements that a selection does not take later: "
        "anp.log(anp.where(x > 0, x, 1)). If it is meant, say so with np.errstate(all='ignore') or debug_nans(False) "
        "around the line."
    ),
    "backward": (
        "The derivative is not finite there: keep the operands away, anp.sqrt(x + 1e-12). If it is meant, put "
        "debug_nans(False) around the call of grad."
    ),
    "tangent": (
        "The derivative is not finite there: keep the operands away, anp.sqrt(x + 1e-12). If it is meant, put "
        "debug_nans(False) around the line."
    ),
}


def failure(mode: str, name: str, place: Place, made: Made, shown: list[tuple[str, Any]]) -> NonFiniteError:
    """The error: what the operation got, by name, and what it gave."""
    what, count = ("NaN", made.nans) if made.nans else ("infinity", made.infinite)
    where = f" in {count} of {made.array.size} elements, first at {list(made.first)}" if made.array.ndim else ""
    filename, line = file_and_line(place)
    at = f"{filename}, line {line}" if line else "a line that is not known: it was called before debug_nans began"
    source = source_line(place)
    shown = [each for each in shown if each[1] is not None]
    finite = all(np.isfinite(x).all() for x in arrays_in([value for _, value in shown]))
    error = NonFiniteError("\n".join([
        f"{name} {GAVE[mode]} {what}{where} ({at}{': ' * bool(source)}{source})".replace(" :", ":"),
        *[f"    {each}: {range_text(value)}" for each, value in shown],
        f"    gave: {range_text(made.array)}",
        ("All that it got was finite. " if finite else "Some of what it got was not finite before. ") + ADVICE[mode],
    ]))
    error.primitive, error.filename, error.lineno, error.mode = name, filename, line, mode
    return error


@border
def debug_nans(enabled: bool = True, *, infs: bool = True) -> _GeneratorContextManager[None]:
    """While this lasts, the first value that is not finite raises :class:`NonFiniteError`, where it is made.

    Arguments:
        enabled: False: not within this block, for what is meant.
        infs: infinities count as NaN does.

    The error says which operation, at which line of yours, what it got (shapes, dtypes, smallest and largest value,
    how many are NaN or infinite already) and what it gave. It is raised for what an operation makes: a NaN that no
    operand has, an infinity of finite operands. So infinite constants, padding and masks (``where(mask, x, -inf)``)
    pass, and so does what they become.

    Watched are the operations on traced values, and what their rules make of cotangents and tangents: forward,
    backward (which names the line of the forward call), in forward mode, under ``vmap``, in nested derivatives.
    Compiled functions run as they are, uncompiled. A value that a ``where`` does not take counts when it is made, as it
    does to NumPy, which warns of it; in the backward pass what was not selected has no part. Where the function itself
    tells NumPy to ignore an error, ``with np.errstate(invalid="ignore")``, such values pass (``divide`` or ``over``:
    infinities). What NumPy computes of plain arrays is not watched: ``np.errstate(all="raise")`` does that.

    ``AUTODIFF_TRACE_DEBUG_NANS=1`` in the environment switches it on for a whole program, in all threads (``nan``
    instead of ``1``: infinities do not count). Else threads that are started within the block do not belong to it. It
    is a decorator as well, ``@debug_nans()``.

    >>> import numpy as np
    >>> from autodiff_trace import debug_nans, grad, numpy as anp
    >>> with debug_nans():  # doctest: +ELLIPSIS
    ...     grad(lambda x: anp.sqrt(x * 0.0))(1.0)
    Traceback (most recent call last):
    autodiff_trace.debugging.non_finite.NonFiniteError: sqrt: its rule in the backward pass gave infinity ...
    """
    for name, value in (("enabled", enabled), ("infs", infs)):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"debug_nans: {name}={value!r}, but it is True or False; the function to be watched is "
                            "called within the block, with debug_nans(): f(x).")
    return watching_nans(enabled, infs)


@contextmanager
def watching_nans(enabled: bool, infs: bool) -> Iterator[None]:
    errors_before.set(error_state())
    others = [each for each in who_watches() if not isinstance(each, NanWatcher)]
    with watched_by(*others, *[NanWatcher(bool(infs))] * bool(enabled)):
        yield


def watch_from_environment() -> None:
    """Watch all of this process, if the environment says so."""
    said = os.environ.get(VARIABLE, "")
    if said not in ("", "0"):
        if said not in ("1", "nan"):
            raise ValueError(f"{VARIABLE}={said!r} in the environment; it is 1, nan (infinities do not count), or 0.")
        watch_everywhere(NanWatcher(said == "1"))


VARIABLE = "AUTODIFF_TRACE_DEBUG_NANS"
