"""Generators of random numbers as arguments: they are always passed, and draws are made where the values are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.derivative import DerivativeTrace
from ..core.errors import caller_line
from ..core.primitives import nondifferentiable
from ..core.recording import RecordingTrace, draw
from ..core.tracer import is_box
from ..core.traits import declare

__all__ = ["checked_generator", "uniform_beside"]


def checked_generator(rng: Any, function: str) -> Any:
    """``rng``, if it is a ``numpy.random.Generator``. Raises TypeError of anything else."""
    if isinstance(rng, np.random.Generator):
        return rng
    given = "the module numpy.random" if is_shared(rng) else f"{rng!r}"[:60]
    raise TypeError(
        f"{function}: rng is a numpy.random.Generator, not {given} ({caller_line()}). Write rng = "
        f"numpy.random.default_rng({rng if type(rng) is int else 0}) once, and pass it on"
    )


def is_shared(rng: Any) -> bool:
    """Whether ``rng`` is ``numpy.random``, or its traced form: NumPy's own generator."""
    return rng is np.random or getattr(rng, "__name__", None) == f"{__package__}.random"


def uniform_beside(x: Any, rng: Any) -> Any:
    """Uniform random numbers from 0 to 1 of the shape of ``x``, for each element of a batch its own.

    ``rng`` is a Generator; or ``numpy.random``, whose draws ``jit`` makes anew in each run of its programs.
    """
    while is_box(x) and isinstance(x._trace, DerivativeTrace):
        x = x._value
    if is_shared(rng) and is_box(x) and isinstance(x._trace, RecordingTrace):
        return draw(np.random.random_sample, (x.shape,), {})
    return uniform(x, rng)


@nondifferentiable
def uniform(x, rng):
    if is_shared(rng):
        return np.random.random_sample(x.shape)
    return rng.random(x.shape, np.float32 if x.dtype.kind == "f" and x.dtype.itemsize <= 4 else np.float64)


declare(uniform, batching=lambda batch, prim, args, kwargs: uniform_beside(*args))
