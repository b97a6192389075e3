"""Lowering: from primitives to the cheapest calls of NumPy that compute the same."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nn
from ..numpy import broadcasting, definers, wrapped
from ..numpy.rules import division, indexing, making, reductions
from . import calls
from .node import Node, Program, is_fixed, literal, rebuild

__all__ = ["lower"]

PLAIN = (bool, int, float, complex)
LOWERINGS: dict[Callable, Callable[[Node], Node | list[Node]]] = {}


def lower(program: Program) -> Program:
    """The program with primitives replaced by calls of NumPy."""
    return rebuild(program, lower_step)


def lower_step(step: Node) -> Any:
    if step.kind != "call" or not hasattr(step.function, "fun"):
        return step
    prim = step.function
    rule = LOWERINGS.get(prim)
    lowered = rule(step) if rule is not None else None
    if lowered is not None:
        return lowered
    if isinstance(prim.fun, np.ufunc) and not step.kwargs:
        return lower_ufunc(step)
    return step.with_call(prim.fun, step.args, step.kwargs)


def lowers(*prims: Callable) -> Callable:
    """Decorate the lowering of a primitive: from its step to a step or several; None where it does not apply."""

    def decorate(rule):
        LOWERINGS.update(dict.fromkeys(prims, rule))
        return rule

    return decorate


def call(function: Callable, args: tuple, value: Any, like: Node) -> Node:
    return Node(function, args, {}, value, getattr(function, "__name__", like.name), "call", like.errstate)


def lower_ufunc(step: Node) -> Node:
    """On numbers the operator, which is quicker; on arrays the ufunc, with numbers as arrays of the right dtype."""
    prim = step.function
    if type(step.value) is not np.ndarray:
        # Of Python's numbers alone the operator would make Python's numbers, and raise ZeroDivisionError.
        has_dtype = any(hasattr(value_of(arg), "dtype") for arg in step.args)
        return step.with_call(prim.fast_fun if has_dtype else prim.fun, step.args)
    dtypes = {arg.value.dtype for arg in step.args if type(arg) is Node and hasattr(arg.value, "dtype")}
    if len(dtypes) == 1 and (dtype := dtypes.pop()).kind in "fc":
        # NumPy takes 0.16 µs to make an array of a number, at each call.
        return step.with_call(prim.fun, tuple([as_operand(arg, dtype) for arg in step.args]))
    return step.with_call(prim.fun, step.args)


def value_of(arg: Any) -> Any:
    return arg.value if type(arg) is Node else arg


def as_operand(arg: Any, dtype: np.dtype) -> Any:
    if type(arg) not in PLAIN or type(arg) is complex and dtype.kind != "c":
        return arg
    with np.errstate(all="ignore"):
        return literal(np.array(arg, dtype))


@lowers(wrapped.power)
def lower_power(step):
    x, exponent = step.args
    if type(step.value) is np.ndarray and type(x) is Node and getattr(x.value, "dtype", None) == step.value.dtype:
        if type(exponent) in (int, float) and step.value.dtype.kind == "f":
            if exponent == 2:
                return step.with_call(np.square, (x,))
            if exponent == 0.5:
                return step.with_call(np.sqrt, (x,))
            if exponent == -1:
                return step.with_call(np.reciprocal, (x,))
            if exponent == 1:
                return step.with_call(np.positive, (x,))
    return None


def lower_reduction(function):
    def rule(step):
        x = step.args[0]
        rest = dict(zip(("axis", "dtype", "out", "keepdims"), step.args[1:]), **step.kwargs)
        if not set(rest) <= {"axis", "keepdims"} or type(x) is not Node or type(x.value) is not np.ndarray:
            return None
        axis, keepdims = rest.get("axis"), rest.get("keepdims", False)
        if type(keepdims) is not bool or type(axis) not in (int, tuple, type(None)):
            return None
        return step.with_call(function, (x, axis, None, None, keepdims))

    return rule


lowers(wrapped.sum)(lower_reduction(calls.ADD_REDUCE))
lowers(wrapped.max, wrapped.amax)(lower_reduction(calls.MAXIMUM_REDUCE))
lowers(wrapped.min, wrapped.amin)(lower_reduction(calls.MINIMUM_REDUCE))
lower_add_reduce = lower_reduction(calls.ADD_REDUCE)


@lowers(wrapped.mean)
def lower_mean(step):
    x = step.args[0]
    if type(x) is not Node or getattr(x.value, "dtype", None) not in (np.float32, np.float64):
        return None
    total = lower_add_reduce(step)
    if total is None or not step.value.size:
        return None
    count = x.value.size // step.value.size
    total = call(calls.ADD_REDUCE, total.args, step.value, step)
    if type(step.value) is np.ndarray:
        return [total, step.with_call(np.true_divide, (total, as_operand(count, step.value.dtype)))]
    return [total, step.with_call(operator.truediv, (total, step.value.dtype.type(count)))]


@lowers(broadcasting.sum_to)
def lower_sum_to(step):
    x, shape = step.args
    if type(x) is not Node:
        return None
    lead = x.value.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1 and x.value.shape[lead + i] != 1))
    if not axes:
        return None
    if lead and len(axes) > lead:
        reduced = call(calls.ADD_REDUCE, (x, axes, None, None, True), step.value.reshape((1,) * lead + shape), step)
        return [reduced, step.with_call(calls.reshape, (reduced, shape))]
    keepdims = not lead
    return step.with_call(calls.ADD_REDUCE, (x, axes if len(axes) > 1 else axes[0], None, None, keepdims))


@lowers(wrapped.matmul, wrapped.dot)
def lower_product(step):
    x, y = step.args if len(step.args) == 2 else (None, None)
    if step.kwargs or not all(type(arg) is Node and type(arg.value) is np.ndarray for arg in (x, y)):
        return None
    if x.value.ndim <= 2 and y.value.ndim <= 2 and x.value.ndim and y.value.ndim:
        return step.with_call(np.dot, (x, y))  # of two matrices 0.5 instead of 0.95 µs
    return None


@lowers(broadcasting.match_dtype)
def lower_match_dtype(step):
    return step.with_call(calls.cast, step.args)


@lowers(definers.scale)
def lower_scale(step):
    return quiet(step.with_call(calls.scale, step.args)) if type(step.value) is np.ndarray else None


@lowers(division.quotient)
def lower_quotient(step):
    return quiet(step.with_call(calls.quotient, step.args)) if type(step.value) is np.ndarray else None


def quiet(step: Node) -> Node:
    """The step with the warnings off that the primitive itself turns off."""
    step.errstate = {**(step.errstate or {}), "divide": "ignore", "over": "ignore", "invalid": "ignore"}
    return step


@lowers(reductions.fill)
def lower_fill(step):
    return step.with_call(calls.fill, step.args)


@lowers(wrapped.where)
def lower_where(step):
    return step.with_call(calls.select, step.args) if len(step.args) == 3 and not step.kwargs else None


@lowers(wrapped.reshape)
def lower_reshape(step):
    x, *rest = step.args
    if step.kwargs or len(rest) != 1 or type(x) is not Node or type(x.value) is not np.ndarray:
        return None
    return step.with_call(calls.reshape, (x, step.value.shape))


@lowers(wrapped.transpose, wrapped.swapaxes, wrapped.moveaxis, wrapped.matrix_transpose)
def lower_transpose(step):
    x = step.args[0]
    if type(x) is not Node or type(x.value) is not np.ndarray:
        return None
    marks = step.function.fun(np.empty(tuple(range(x.value.ndim)), []), *step.args[1:], **step.kwargs).shape
    return step.with_call(calls.transpose, (x, marks))


@lowers(wrapped.roll)
def lower_roll(step):
    x, shift, *axis = step.args
    axis = axis[0] if axis else step.kwargs.get("axis")
    is_one = is_fixed(shift) and np.ndim(value_of(shift)) == 0
    shift = int(value_of(shift)) if is_one else None
    if shift is None or type(axis) is not int or type(x) is not Node or not x.value.size:
        return None
    size = x.value.shape[axis]
    shift %= size
    if not shift:
        return step.with_call(calls.copy, (x,))
    lead = (slice(None),) * (axis % x.value.ndim)
    pairs = (slice(shift, None), slice(None, size - shift)), (slice(None, shift), slice(size - shift, None))
    return step.with_call(calls.roll, (x, tuple([((*lead, to), (*lead, source)) for to, source in pairs])))


@lowers(wrapped.set_item)
def lower_set_item(step):
    x, index, value = step.args
    if type(x) is not Node:
        return None
    fresh = call(calls.copy, (x,), step.value, step)
    return [fresh, step.with_call(calls.assign, (fresh, index, value))]


@lowers(nn.relu)
def lower_relu(step):
    x = step.args[0]
    if type(step.value) is not np.ndarray or type(x) is not Node:
        return None
    return step.with_call(np.maximum, (x, as_operand(0, x.value.dtype)))


@lowers(nn.logsumexp)
def lower_logsumexp(step):
    """The steps of the function itself, so that they can be fused with what is around them."""
    x, *rest = step.args
    options = dict(zip(("axis", "keepdims"), rest), **step.kwargs)
    axis, keepdims = options.get("axis"), options.get("keepdims", False)
    if type(x) is not Node or type(x.value) is not np.ndarray or type(axis) is not int or type(keepdims) is not bool:
        return None
    if not x.value.size or x.value.ndim < 2:
        return None
    with np.errstate(all="ignore"):
        top = call(calls.MAXIMUM_REDUCE, (x, axis, None, None, True), np.max(x.value, axis, keepdims=True), step)
        finite = call(np.isfinite, (top,), np.isfinite(top.value), step)
        shift = call(calls.select, (finite, top, as_operand(0, x.value.dtype)), top.value, step)
        below = call(np.subtract, (x, shift), x.value, step)
        powers = call(np.exp, (below,), x.value, step)
    total = call(calls.ADD_REDUCE, (powers, axis, None, None, True), top.value, step)
    log = call(np.log, (total,), top.value, step)
    log.errstate = {**(step.errstate or {}), "divide": "ignore"}
    ans = call(np.add, (log, shift), top.value, step)
    steps = [top, finite, shift, below, powers, total, log, ans]
    return steps if keepdims else [*steps, step.with_call(calls.reshape, (ans, step.value.shape))]


@lowers(nn.label_losses)
def lower_label_losses(step):
    """The check, which fails for labels that are no classes; and the loss, which may not be needed."""
    logits, labels = step.args
    if step.kwargs or type(logits) is not Node or type(labels) is not Node or type(step.value) is not np.ndarray:
        return None
    checked = Node(calls.check_labels, (labels, logits.value.shape[-1]), {}, labels.value, "check_labels")
    return [checked, step.with_call(nn.label_losses.fun, (logits, checked))]


@lowers(making.join_nested)
def lower_join(step):
    return step.with_call(np.array, step.args)


@lowers(indexing.scatter)
def lower_scatter(step):
    """Numbers at fixed places are added up one by one; slices are added into zeros."""
    pieces, indices, shape = step.args
    if len(shape) == 1 and all(type(index) is int for index in indices):
        return lower_scattered_numbers(step, pieces, indices, shape[0])
    if all(type(piece) is Node for piece in pieces) and all(map(is_slicing, indices)):
        return step.with_call(calls.scatter, (pieces, indices, shape))
    return None


def is_slicing(index):
    """Whether an index names no element twice and gives a view."""
    parts = index if type(index) is tuple else (index,)
    return all(part is None or part is Ellipsis or type(part) is slice for part in parts)


def lower_scattered_numbers(step, pieces, indices, size):
    zero = step.value.dtype.type(0)
    sums: list[Any] = [zero] * size
    steps = []
    for piece, index in zip(pieces, indices):
        if type(piece) is not Node or piece.value.dtype != step.value.dtype:
            return None
        if sums[index] is zero:
            sums[index] = piece
        else:
            # The running sum is no value that was traced, but it has this one's type.
            sums[index] = call(operator.add, (sums[index], piece), sums[index].value + piece.value, step)
            steps.append(sums[index])
    return [*steps, step.with_call(np.array, (sums,))]
