"""What a ufunc is asked for besides a plain call: its keywords (``out``, ``where``, ``dtype`` …), NumPy's NEP 13.

Its methods are in ``ufunc_folds``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.array_ops import array_ops
from ..core.errors import TracedValueError, caller_line
from ..core.fast.ownership import writing
from ..core.tracer import is_box
from ..core.traits import traits_of
from . import wrapped as anp
from .array_kinds import taken
from .namespace import wrapped_functions
from .plain_scipy import find_ufunc, why_no_plain_value
from .rebinding import find_rebinding
from .ufunc_folds import METHODS

__all__ = ["add_ufunc_methods", "call_ufunc_method", "take_calls_as_ufuncs", "with_keywords"]

def call_ufunc_method(ufunc: np.ufunc, method: str, inputs: tuple, kwargs: dict) -> Any:
    """``ufunc.method(*inputs, **kwargs)``, where some arguments are traced: NumPy's protocol NEP 13."""
    prim = wrapped_functions.get(ufunc) or find_ufunc(ufunc)
    if prim is not None:
        if method == "__call__":
            if kwargs and (rebinding := find_rebinding(ufunc, inputs, kwargs.get("out"))) is not None:
                return call_in_place(prim, inputs, rebinding, **kwargs)
            return prim(*inputs, **kwargs)
        return METHODS[method](prim, *inputs, **kwargs)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    raise TracedValueError(why_no_plain_value("the array") or (
        f"{name} of a traced value has no derivative here ({caller_line()}). Wrap it with extend.primitive and give it "
        "rules, or take the plain value with to_numpy(x)."
    ))


def call_in_place(prim: Callable, inputs: tuple, rebinding: Callable, *, out: tuple, **kwargs: Any) -> Any:
    """``prim(*inputs, out=out, **kwargs)`` of an operator ``y += x``: ``rebinding`` takes a traced answer."""
    ans = prim(*inputs, **kwargs)
    return rebinding(*out, ans) if is_box(ans) else array_ops.store(out, ans)


# Keywords


def call_with_keywords(
    function: Callable, ufunc: np.ufunc, args: tuple, *, out: Any = None, where: Any = True, casting: str = "same_kind",
    order: str = "K", dtype: Any = None, subok: bool = True, signature: Any = None, sig: Any = None, **unknown: Any,
) -> Any:
    """A call of ``ufunc`` with keywords, by ``function``, which computes the same without keywords.

    Lists among the arguments become arrays. ``order`` and ``subok`` do not change values.
    """
    outs = find_outs(ufunc, args[ufunc.nin :], out)
    args = [
        anp.array(arg) if isinstance(arg, (list, range, tuple)) else taken(ufunc, arg) for arg in args[: ufunc.nin]
    ]
    if unknown:
        raise TypeError(f"{ufunc.__name__}() got an unexpected keyword argument '{next(iter(unknown))}'")
    signature = signature or sig
    if dtype is not None or signature is not None or casting != "same_kind":
        args = cast_arguments(ufunc, args, signature or (None,) * ufunc.nin + (dtype,) * ufunc.nout, casting)
    if where is True:
        ans = function(*args)
    elif any(out is None for out in outs):
        raise ValueError(
            f"{ufunc.__name__}: where= without out= leaves elements undefined ({caller_line()}); anp.where(mask, f(x), "
            "other) says what they are."
        )
    else:
        # Where the mask is false the function is not asked: it might warn, or have an infinite slope.
        harmless = traits_of(ufunc).finite_at
        masked = [anp.where(where, arg, harmless) if hasattr(arg, "dtype") else arg for arg in args]
        ans = function(*[
            anp.astype(new, anp.result_type(*args)) if new is not arg and anp.is_python_number(arg) else new
            for arg, new in zip(args, masked)])
    if ufunc.nout == 1:
        return finish(ans, outs[0], where)
    return tuple([finish(*pair, where) for pair in zip(ans, outs)])


def find_outs(ufunc: np.ufunc, positional: tuple, out: Any) -> tuple:
    """The array, or None, for each output, from how they were passed: by position, by keyword, alone or in a tuple."""
    if positional and out is not None:
        raise TypeError(f"{ufunc.__name__}: out was given by position and by keyword")
    outs = positional or (out if isinstance(out, tuple) else (out,))
    if len(outs) > ufunc.nout:
        raise TypeError(f"{ufunc.__name__} takes {ufunc.nin} arguments and {ufunc.nout} outputs")
    return outs + (None,) * (ufunc.nout - len(outs))


def finish(ans: Any, out: Any, where: Any) -> Any:
    """``ans``, written into ``out`` where the mask is true."""
    if out is None:
        return ans
    with writing:
        return array_ops.store(out, ans if where is True else anp.where(where, ans, out))


def cast_arguments(ufunc, args, signature, casting):
    """The arguments, cast to the dtypes of the loop that NumPy would run; TypeError where it would refuse."""
    if isinstance(signature, tuple):
        signature = tuple([each if each is None else np.dtype(each) for each in signature])
    kinds = tuple([arg.__class__ if anp.is_python_number(arg) else anp.result_type(arg) for arg in args])
    dtypes = loop_dtypes(ufunc, kinds, signature, casting)
    return [arg if kind == dtype else anp.astype(arg, dtype) for arg, kind, dtype in zip(args, kinds, dtypes)]


@functools.lru_cache(256)
def loop_dtypes(ufunc, kinds, signature, casting):
    """The dtypes of the operands in the loop that NumPy runs."""
    return ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout), signature=signature, casting=casting)[: ufunc.nin]


def with_keywords(ufunc: np.ufunc, definition: Callable) -> Callable:
    """The ``definition`` of a ufunc, which takes none, with the keywords of ufuncs."""

    @functools.wraps(definition)
    def call(*args, **kwargs):
        return call_with_keywords(definition, ufunc, args, **kwargs)

    return call


def add_ufunc_methods(prim: Callable, ufunc: np.ufunc) -> None:
    """Let ``anp.add.reduce`` and the like be NumPy's own, which hand calls with traced arguments to their boxes."""
    for name in ("accumulate", "at", "identity", "nargs", "nin", "nout", "outer", "reduce", "reduceat", "signature"):
        setattr(prim, name, getattr(ufunc, name))


def take_calls_as_ufuncs() -> None:
    """Let all primitives of ufuncs have their methods, and take their keywords."""
    for function, prim in wrapped_functions.items():
        if isinstance(function, np.ufunc) and not hasattr(prim, "nin"):
            add_ufunc_methods(prim, function)
            if function.signature is None:
                prim.sequence_handler = lambda prim, args, kwargs: call_with_keywords(prim, prim.fun, args, **kwargs)


take_calls_as_ufuncs()
