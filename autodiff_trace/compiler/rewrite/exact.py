"""Algebra that is exact in IEEE arithmetic: every value stays the same to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numpy.error_states import quiet
from ...numpy.selections import restrict
from ..backends.numpy_source import calls
from ..ir.infer import call
from ..ir.node import Node, is_fixed, literal, parts_of, spec_at, value_of
from ..ir.terms import is_factor, is_number, is_one_number, is_uniform
from .driver import Table
from .lowering.table import as_operand
from .patterns import ARRAY, NEGATIVE, Call, Rule, Term, head, once, reduced

__all__ = ["EXACT"]

LARGE = 8192
"""Elements of which it pays to be no more than summed."""

ELEMENTWISE = tuple({each for each in vars(np).values() if calls.is_elementwise_ufunc(each)})

x, y, mask = Term("x"), Term("y"), Term("mask")
shape, axes, outer, anything = map(Term, ("shape", "axes", "outer", "anything"))
c, d = Term("c", is_factor), Term("d", is_factor)
reshape, transpose, scatter = head(calls.reshape), head(calls.transpose), head(calls.scatter)


@quiet
def is_exact_product(step: Node, c: Any, d: Any, x: Any) -> bool:
    """Whether ``c * (d * x)`` is ``(c * d) * x`` for all ``x``: by powers of two numbers keep their digits."""
    first, second = value_of(c), value_of(d)
    if is_factor(x) or spec_at(x).dtype != step.spec.dtype:
        return False
    # By a factor below 1 a number may become 0, which twice that factor keeps.
    if not (is_power_of_two(first) and abs(second) >= 1 or is_power_of_two(second) and abs(first) >= 1):
        return False
    return bool(np.isfinite(first * second))


def is_power_of_two(number: Any) -> bool:
    """Whether a number is 2, 4, 8 … up to 2³⁰, or minus that. (By a half one could become too small to be exact.)"""
    return bool(2 <= abs(number) <= 2**30 and np.frexp(abs(number))[0] == 0.5)


@quiet
def without_fill(step: Node) -> Node | None:
    """``multiply(fill(g, shape), y)`` as ``multiply(g, y)``, where ``y`` alone has the shape of the result; so also
    for constants that are full of one number."""
    shape = step.spec.shape
    fillings = [filling(arg) for arg in step.args]
    if not step.spec.is_array or all(new is old for new, old in zip(fillings, step.args)):
        return None
    if all(map(is_one_number, fillings)):
        value = step.function(*map(value_of, fillings))
        if np.isfinite(value):  # else there may be a warning
            return call(calls.fill, (literal(value), shape), step)
    args = list(step.args)
    for i, new in enumerate(fillings):
        others = args[:i] + args[i + 1 :]
        if any([spec_at(other).shape == shape for other in others]) and (spec_at(new).dtype or is_fixed(new)):
            args[i] = new
    return None if args == list(step.args) else step.with_call(step.function, tuple(args))


def filling(arg: Any) -> Any:
    """The number or array of which ``arg`` is full, or else ``arg``."""
    if is_uniform(arg):
        return literal(arg.value[(0,) * arg.spec.ndim].reshape(()))
    is_filled = type(arg) is Node and (arg.function is calls.fill or arg.function is np.broadcast_to)
    return arg.args[0] if is_filled else arg


def is_whole(step: Node, pieces: list, indices: list, ways: tuple, **_: Any) -> bool:
    """Whether what is scattered is one piece that covers the whole, in the same order."""
    if len(pieces) > 1 or ways[0] != "write" or pieces[0].spec.size != step.spec.size:
        return False
    return not any(type(part) is slice and part.step not in (None, 1) for part in parts_of(indices[0]))


EXACT = Table(
    "algebra",
    Rule("fill", Call(ELEMENTWISE, None), without_fill, inner=(calls.fill, np.broadcast_to, ARRAY)),
    Rule("times one", x * 1, x),
    Rule("over one", x / 1, x),
    Rule("to the power of one", x**1, x),
    Rule("less zero", x - 0, x),
    # Signs go out of products into sums, or into factors.
    Rule("plus a negative", x + -y, x - y),
    Rule("minus a negative", x - (-y), x + y),
    Rule("negative of a negative", NEGATIVE(-x), x),
    Rule("sign out of a product", once(-x) * y, -(x * y), lambda step, x, y: spec_at(x).shape == step.spec.shape),
    Rule("sign into a factor", -x * c, x * -c),
    # Not -sum(x), which is -0 where sum(-x) is 0: sums of NumPy's begin with 0.
    Rule("sum of negatives", reduced(once(-x), calls.ADD_REDUCE), lambda step, x, **_: step.with_call(np.subtract, (
        as_operand(0, step.spec.dtype), step.with_call(step.function, (x, *step.args[1:])))),
         lambda step, x, **_: spec_at(x).size > LARGE + step.spec.size),
    Rule("numbers together", c * once(d * x), (c * d) * x, is_exact_product),
    # What changes nothing, or is done again.
    Rule("mask of all", head(restrict.fun)(x, mask), x, lambda step, x, mask: is_number(mask, 1)),
    Rule("plus", head(np.positive)(x), x),
    Rule("cast", head(calls.cast)(x, anything), x),
    Rule("reshape", reshape(x, shape), x),
    Rule("reshape again", reshape(reshape(x, anything), shape), lambda step, x, shape, **_: (
        step.with_call(calls.reshape, (x, shape)))),
    Rule("transpose", transpose(x, axes), x, lambda step, x, axes: axes == tuple(range(len(axes)))),
    Rule("transpose again", transpose(transpose(x, axes), outer), lambda step, x, axes, outer: (
        step.with_call(calls.transpose, (x, tuple([axes[axis] for axis in outer]))))),
    Rule("whole scatter", scatter(*map(Term, ("pieces", "indices", "shape", "zeros", "ways"))),
         lambda step, pieces, shape, **_: step.with_call(calls.reshape, (pieces[0], shape)), is_whole),
    Rule("item of a number", head(calls.getitem)(x, anything), x,
         lambda step, x, anything: type(anything) is tuple and not anything and not step.spec.is_array),
)
