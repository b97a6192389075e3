"""hello: x² and its derivative, the suite's check that a tool speaks its protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autodiff_trace import grad

from .evaluation import Case, Eval, Function

__all__ = ["EVAL"]


def square(x):
    return x * x


def primal(input, compile):
    function = compile(square)
    return lambda: function(number(input))


def double(input, compile):
    function = compile(grad(square))
    return lambda: function(number(input))


def number(input) -> float:
    """The suite sends the number itself."""
    return float(input["x"] if isinstance(input, dict) else input)


def cases(data: Path | None) -> Iterator[Case]:
    for x in (1.0, 2.0, 8.0, 128.0):
        yield Case(f"{x}", {"x": x})


EVAL = Eval("hello", {
    "square": Function(primal, float, lambda input: number(input) ** 2),
    "double": Function(double, float, lambda input: 2.0 * number(input)),
}, cases)
