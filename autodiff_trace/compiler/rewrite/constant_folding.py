"""Constants: what does not depend on the inputs is computed when the program is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numpy.error_states import quiet
from ..backends.numpy_source import calls
from ..ir.node import LIVE, Node, literal, operands, substitute
from ..ir.spec import spec_of
from .cse import is_pure

__all__ = ["fold"]

LARGEST = 2**15
"""Bytes. Larger constants would take more memory than the call that makes them takes time."""


def fold(step: Node, largest: int = LARGEST) -> Node:
    """The step, or the constant that it computes, of at most so many bytes."""
    function = step.function
    used = operands(step)
    for each in used[1:] if function is np.ones_like or function is np.zeros_like else used:
        if each.kind != "constant" or each.name == LIVE:
            return step
    if step.kind != "call" or function is calls.assign or step.spec.is_sequence:
        return step
    if step.spec.nbytes > largest or not is_pure(step):
        return step
    try:
        value = compute(step)
    except Exception:  # so it will in each run
        return step
    spec = spec_of(value)
    is_as_traced = (spec.kind, spec.shape, spec.dtype) == (step.spec.kind, step.spec.shape, step.spec.dtype)
    return literal(value) if is_as_traced and is_quiet(value) else step


@quiet
def compute(step: Node) -> Any:
    """What a step gives, of whose operands the values are known, or need not be."""

    def known(arg: Any) -> Any:
        if type(arg) is not Node:
            return arg
        return arg.value if arg.kind == "constant" else arg.spec.example()

    args = substitute(step.args, known)
    return step.function(*args, **{name: substitute(arg, known) for name, arg in step.kwargs.items()})


def is_quiet(value: Any) -> bool:
    """Whether NumPy has had nothing to warn of when it computed a value: that it does in each run."""
    dtype = getattr(value, "dtype", None)
    return dtype is None or dtype.kind not in "fc" or bool(np.isfinite(value).all())
