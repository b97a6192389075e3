"""``y += x`` of a plain array ``y`` and a traced ``x``: the name becomes a traced array, where it alone holds ``y``.

NumPy asks for ``np.add(y, x, out=(y,))``, and the array cannot hold the result. Python binds the name to what the
operator gives, so that nobody sees the difference if nobody else holds the array, or views of it: which the reference
count tells. Else others would go on with the old values, and the call is refused.
"""

from __future__ import annotations

import functools
import warnings
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core.errors import caller_line
from ..core.fast.donation import COUNTS_TELL, getrefcount
from ..core.fast.ownership import IN_SLOT
from ..core.recording import RecordingTrace
from ..core.tracer import boxers, find_top_trace

__all__ = ["find_rebinding", "rebinds_shared"]

rebinds_shared: ContextVar[bool] = ContextVar("rebinds_shared", default=False)
"""Whether ``y += x`` means ``y = y + x`` also where others hold ``y``, as in autograd. Of that is warned."""


def find_rebinding(ufunc: np.ufunc, inputs: tuple, out: Any) -> Any:
    """What to do with the traced answer of ``ufunc(*inputs, out=out)`` if that is an operator ``y += x``, and its name
    can stand for the answer; else None.

    Under ``jit`` it never can: who reads the name later may be outside the function.
    """
    if type(out) is not tuple or len(out) != 1 or out[0] is not inputs[0] or type(out[0]) is not np.ndarray:
        return None
    if isinstance(find_top_trace(inputs), RecordingTrace):
        return None
    # (Of inputs[0] and not of a variable, which would count.)
    is_held_by_name = COUNTS_TELL and getrefcount(inputs[0]) <= count_in_operator(ufunc is np.matmul)
    base = inputs[0].base
    if base is not None and (type(base) is not np.ndarray or getrefcount(base) > IN_SLOT + 1):
        is_held_by_name = False
    if rebinds_shared.get():
        return take_new if is_held_by_name or not COUNTS_TELL else take_new_and_warn
    return take_into_box if is_held_by_name and inputs[0].flags.writeable else None


def take_into_box(y: np.ndarray, ans: Any) -> Any:
    """A traced array in the place of ``y``, of its shape and dtype, to which ``ans`` is written."""
    return boxers[np.ndarray](y, ans._trace, None).replace(ans)


def take_new(y: np.ndarray, ans: Any) -> Any:
    return ans


def take_new_and_warn(y: np.ndarray, ans: Any) -> Any:
    warnings.warn(
        f"y += x of a plain array y and a traced x makes a new array ({caller_line()}): others that hold y keep its "
        "old values. Write y = y + x.", stacklevel=5,
    )
    return ans


class Probe:
    """An operand that counts who holds the other one."""

    ndim, shape = 2, (1, 1)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return getrefcount(inputs[0])


@functools.cache
def count_in_operator(is_matmul: bool) -> int:
    """The reference count of ``y``, as ``find_rebinding`` sees it, where one name holds it."""
    y = np.zeros((1, 1))
    if is_matmul:
        y @= Probe()
    else:
        y += Probe()
    return y
