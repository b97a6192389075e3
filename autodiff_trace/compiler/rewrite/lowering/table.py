"""The table of lowerings, a function for each primitive, and what is done with the primitives that it does not name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ....numpy.error_states import quiet
from ...ir.node import Node, literal, spec_at

__all__ = ["as_operand", "lower_step", "lowers"]

PLAIN = frozenset((bool, int, float, complex))
LOWERINGS: dict[Callable, Callable[[Node], Node | list[Node]]] = {}


def lower_step(step: Node) -> Node | list[Node]:
    """A step, which is written into, with a call of NumPy for a primitive; or several."""
    prim = step.function
    if step.kind != "call" or not hasattr(prim, "fun"):
        return step
    rule = LOWERINGS.get(prim)
    lowered = rule(step) if rule is not None else None
    if lowered is not None:
        return lowered
    step.function = prim.fun
    if isinstance(prim.fun, np.ufunc) and not step.kwargs:
        lower_ufunc(step, prim)
    return step


def lowers(*prims: Callable) -> Callable:
    """Decorate the lowering of a primitive: from its step to a step or several; None where it does not apply."""

    def decorate(rule):
        LOWERINGS.update(dict.fromkeys(prims, rule))
        return rule

    return decorate


def lower_ufunc(step: Node, prim: Callable) -> None:
    """On numbers the operator, which is quicker; on arrays the ufunc, with numbers as arrays of the right dtype."""
    dtype = None
    for arg in step.args:
        if (spec := spec_at(arg)).dtype is not None:
            if not step.spec.is_array:
                # Of Python's numbers alone the operator would make Python's numbers, and raise ZeroDivisionError.
                step.function = prim.traits.fast_fun
                return
            if type(arg) is Node:
                if dtype is not None and spec.dtype != dtype:
                    return
                dtype = spec.dtype
    if dtype is not None and step.spec.is_array and dtype.kind in "fc" and not PLAIN.isdisjoint(map(type, step.args)):
        # NumPy takes 0.16 µs to make an array of a number, at each call.
        if takes_alone(prim.fun, dtype, tuple([type(arg) if type(arg) in PLAIN else dtype for arg in step.args])):
            step.args = tuple([as_operand(arg, dtype) for arg in step.args])
            step.found = None


@functools.cache
def takes_alone(function: np.ufunc, dtype: np.dtype, kinds: tuple) -> bool:
    """Whether a ufunc takes operands of this dtype alone where some are Python's numbers. (``ldexp`` wants an integer
    beside, and SciPy has loops of their own for whole orders of polynomials.)"""
    try:
        found = function.resolve_dtypes((*kinds, *(None,) * function.nout))
    except TypeError:
        return False
    return all(each == dtype for each in found[:function.nin])


def as_operand(arg: Any, dtype: np.dtype) -> Any:
    if type(arg) not in PLAIN or type(arg) is complex and dtype.kind != "c":
        return arg
    return number_literal(arg, dtype) if arg else make_number(arg, dtype)  # 0.0 equals -0.0


@quiet
def make_number(arg: Any, dtype: np.dtype) -> Node:
    return literal(np.array(arg, dtype))


number_literal = functools.lru_cache(maxsize=256, typed=True)(make_number)
"""The same, one for all steps with this number."""
