"""What operations are shown as: the user's line, arrays by dtype and shape or by the range of their values."""

from __future__ import annotations

import linecache
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.cotangents import deferred_types
from ..core import errors
from ..core.errors import public_name
from ..core.selections import OutputsCotangent, Selected
from ..core.tracer import metadata, to_value
from .watchers import Place

__all__ = [
    "arrays_in", "file_and_line", "leaves_in", "name_of", "range_text", "short_name", "shape_text", "source_line",
]


def name_of(prim: Callable) -> str:
    """What a primitive is called by users: 'sin', 'linalg.inv', 'scipy.special.gamma'; the name of a custom rule."""
    name = public_name(prim) if hasattr(prim, "fun") else prim.__name__
    return name.removeprefix("numpy.").removeprefix("wrapped.")


def file_and_line(place: Place) -> tuple[str, int]:
    """('unknown', 0) of no place."""
    return ("unknown", 0) if place is None else errors.file_and_line(place)


def short_name(filename: str, line: int) -> str:
    """'model.py:12', by a path from the working directory if the file is below that."""
    return f"{filename.removeprefix(os.getcwd() + os.sep)}:{line}" if line else "(unknown line)"


def source_line(place: Place) -> str:
    """The text of the line, where it can be had."""
    filename, line = file_and_line(place)
    return linecache.getline(filename, line).strip()


def leaves_in(value: Any) -> Iterator[Any]:
    """What traces and rules hold: the values under boxes, in containers, in cotangents that are yet to be formed."""
    value = to_value(value)
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from leaves_in(each)
    elif isinstance(value, dict):
        yield from leaves_in(list(value.values()))
    elif type(value) is Selected:
        yield from leaves_in(value.value)
    elif type(value) is OutputsCotangent:
        yield from leaves_in(list(value.cotangents.values()))
    else:
        yield value


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """The arrays and numbers with floating values among them, as arrays."""
    for each in leaves_in(value):
        is_array = isinstance(each, (np.ndarray, np.generic)) and each.dtype.kind in "fc"
        if is_array or type(each) in (float, complex):
            yield np.asarray(each)


def shape_text(value: Any) -> str:
    """'float64[3,2]' for an array, 'float64' for a number, '(…, …)' for several; small constants as they are."""
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(shape_text, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if type(value) in deferred_types:
        return shape_text(value.value) if type(value) is Selected else "(a part)"
    plain = metadata(value)
    if hasattr(plain, "dtype") and isinstance(getattr(plain, "shape", None), tuple):
        sizes = ",".join(map(str, plain.shape))
        return f"{plain.dtype}[{sizes}]" if sizes else f"{plain.dtype}"
    text = getattr(plain, "__name__", None) or repr(plain)
    return text if len(text) <= 40 else f"{type(plain).__name__}"


def range_text(value: Any) -> str:
    """'float64[3] from -1 to 2, 1 NaN': what is in an array, that of a batch as a whole."""
    arrays = list(arrays_in(value))
    if len(arrays) != 1:
        return shape_text(value)
    (x,) = arrays
    text = shape_text(x)
    if not x.ndim:
        return f"{text} {x}"
    finite = x[np.isfinite(x)]
    if finite.size and x.dtype.kind == "c":
        text += f" of absolute values up to {np.abs(finite).max():.6g}"
    elif finite.size:
        text += f" from {finite.min():.6g} to {finite.max():.6g}"
    nans, infinite = int(np.isnan(x).sum()), int(np.isinf(x).sum())
    return text + f", {nans} NaN" * (nans > 0) + f", {infinite} infinite" * (infinite > 0)
