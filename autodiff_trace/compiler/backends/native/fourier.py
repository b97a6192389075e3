"""Fourier transforms: NumPy's own loops of them (since 2.0), by pointer, along one axis, in double precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....numpy.rules import fft
from ...ir.node import Node
from .alone import alone, in_memory
from .code import UfuncCall
from .places import collapse
from .symbols import ufunc_loop

if TYPE_CHECKING:
    from .translate import Translator

__all__: list[str] = []

FORWARD = {fft.fft_along.fun: True, fft.ifft_along.fun: False, fft.rfft.fun: True, fft.irfft.fun: False}


def loop_of(step: Node) -> tuple[str, str]:
    """The ufunc of a transform, and its signature."""
    n = step.args[2]
    if step.function is fft.rfft.fun:
        return f"pocketfft.rfft_n_{'odd' if n % 2 else 'even'}", "dd->D"
    if step.function is fft.irfft.fun:
        return "pocketfft.irfft", "Dd->d"
    return "pocketfft." + ("fft" if FORWARD[step.function] else "ifft"), "Dd->D"


def is_transform(step: Node) -> bool:
    x, axis, n, norm = step.args
    if type(x) is not Node or not x.spec.is_array or x.spec.dtype.char not in "dD" or not x.spec.size:
        return False  # (NumPy chooses among its loops for single precision in ways of its own)
    if type(n) is not int or n < 1 or norm not in (None, "backward", "ortho", "forward"):
        return False
    name, signature = loop_of(step)
    if step.spec.dtype is None or step.spec.dtype.char != signature[-1]:
        return False
    try:
        ufunc_loop(name, signature)
    except (LookupError, ImportError):
        return False
    return not (step.function is fft.rfft.fun and x.spec.dtype.kind == "c")


def factor(step: Node, char: str) -> np.ndarray:
    """What the numbers are multiplied by, as NumPy computes it."""
    n, norm, dtype = step.args[2], step.args[3] or "backward", np.dtype(char)
    if norm == "ortho":
        return np.reciprocal(np.sqrt(n, dtype=dtype))
    if (norm == "backward") is FORWARD[step.function]:
        return np.array(1, dtype)
    return np.reciprocal(n, dtype=dtype)


@alone(*FORWARD, when=is_transform)
def transform(translator: Translator, step: Node) -> None:
    name, signature = loop_of(step)
    axis = step.args[1] % step.spec.ndim
    source, target = in_memory(translator, step.args[0], signature[0]), translator.allocate(step)
    scale = translator.constant(np.asarray(factor(step, signature[1])))
    others = [i for i in range(step.spec.ndim) if i != axis]
    stack = [target.shape[i] for i in others]
    outer = [[place.strides[i] for i in others] for place in (source, target)]
    lengths, strides = collapse(stack, [outer[0], [0] * len(stack), outer[1]])
    if not lengths:
        lengths, strides = [1], [[0]] * 3
    translator.records.append(UfuncCall(
        name, signature, (source.at, scale.at, target.at), (lengths[-1], source.shape[axis], target.shape[axis]),
        (*[each[-1] for each in strides], source.strides[axis], target.strides[axis]),
        tuple(lengths[:-1]), tuple([tuple(each[:-1]) for each in strides])))
