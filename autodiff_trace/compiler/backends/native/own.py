"""Own functions: which of NumPy's functions have vector code of their own, for the translator."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from .builder import Builder
from .engine import load
from .operations import find_operation
from .registers import Lanes, Value
from .vector_math import FUNCTIONS, available

__all__ = ["own_functions"]

DTYPES = {"f": "float32", "d": "float64"}


@functools.cache
def own_functions(math: str) -> dict[np.ufunc, Callable]:
    """What writes them, ``rule(lanes, *values)``, by NumPy's function; none where all have to be NumPy's own."""
    features = {each[1:]: each[0] == "+" for each in load().features.split(",")}
    if math != "own" or not available(features):
        return {}
    found = {ufunc: functools.partial(call, function) for ufunc, function in FUNCTIONS.items()}
    found[np.logaddexp] = functools.partial(logaddexp, found[np.exp], found[np.log1p])
    return found


def logaddexp(exp: Callable, log1p: Callable, lanes: Lanes, x: Value, y: Value) -> Value:
    """``max(x, y) + log1p(exp(-|x - y|))``, as NumPy computes it (``npy_logaddexp``), with its errors where the result
    is close to 0. Equal infinities are not subtracted."""
    char, zero = x.char, lanes.const(0, x.char)
    is_same = lanes.compare("oeq", x, y)
    distance = lanes.op("fsub", lanes.select(is_same, zero, x), lanes.select(is_same, zero, y))
    smaller = exp(lanes, lanes.op("fneg", lanes.intrinsic("fabs", distance)))
    return lanes.op("fadd", find_operation(np.maximum, char * 2)(lanes, x, y), log1p(lanes, smaller))


def call(function: Callable, lanes: Lanes, *operands: Value) -> Value:
    """A call of one, in the lines of a unit."""
    lines, char = lanes.lines, operands[0].char
    builder = Builder(lanes.width, DTYPES[char], f"m{lines.count}_", lines.declares, shared=True)
    lines.count += 1
    builder.lines = lines.lines
    return Value(function(builder, *[each.name for each in operands]), char)
