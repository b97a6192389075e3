"""Lowering of sums, means and extrema over axes."""

from __future__ import annotations

import operator

import numpy as np

from ....numpy import broadcasting
from ....numpy.rules import extrema, reductions, variances
from ...backends.numpy_source import calls
from ...ir.node import Node
from ...ir.infer import call
from .table import as_operand, lowers


def lower_reduction(function):
    def rule(step):
        x, axes, keepdims = step.args
        if type(x) is not Node or not x.spec.is_array:
            return None
        if function is not calls.ADD_REDUCE and min(x.spec.strides, default=0) < 0:
            return None  # NumPy 2.0 finds wrong extrema of arrays that run backwards, if it is given ``out``
        axis = None if len(axes) == x.spec.ndim else axes[0] if len(axes) == 1 else axes
        return step.with_call(function, (x, axis, None, None, keepdims))

    return rule


lower_add_reduce = lowers(reductions.sum_over)(lower_reduction(calls.ADD_REDUCE))
lowers(extrema.max_over)(lower_reduction(calls.MAXIMUM_REDUCE))
lowers(extrema.min_over)(lower_reduction(calls.MINIMUM_REDUCE))


@lowers(reductions.mean_over)
def lower_mean(step):
    total = lower_add_reduce(step)
    if total is None or total.args[0].spec.dtype not in (np.float32, np.float64) or not step.spec.size:
        return None
    x = total.args[0]
    count = x.spec.size // step.spec.size
    total = call(calls.ADD_REDUCE, total.args, step, step.spec)
    if step.spec.is_array:
        return [total, step.with_call(np.true_divide, (total, as_operand(count, step.spec.dtype)))]
    return [total, step.with_call(operator.truediv, (total, step.spec.dtype.type(count)))]


@lowers(variances.var_over, variances.std_over)
def lower_spread(step):
    """The steps of the function itself."""
    x, axes, keepdims, ddof = step.args
    if type(x) is not Node or not x.spec.is_array or x.spec.dtype.char not in "fd" or not step.spec.size:
        return None
    count = x.spec.size // step.spec.size
    if not axes or not x.spec.size or not count > ddof or not isinstance(ddof, int):
        return None
    dtype = x.spec.dtype
    total = call(calls.ADD_REDUCE, (x, axes, None, None, True), step)
    mean = call(np.true_divide, (total, as_operand(count, dtype)), step)
    difference = call(np.subtract, (x, mean), step)
    square = call(np.multiply, (difference, difference), step)
    squares = call(calls.ADD_REDUCE, (square, axes, None, None, keepdims), step, step.spec)
    steps = [total, mean, difference, square, squares]
    is_root = step.function is variances.std_over
    divisor = as_operand(count - ddof, dtype) if step.spec.is_array else dtype.type(count - ddof)
    divide = np.true_divide if step.spec.is_array else operator.truediv
    if not is_root:
        return [*steps, step.with_call(divide, (squares, divisor))]
    variance = call(divide, (squares, divisor), step, step.spec)
    return [*steps, variance, step.with_call(np.sqrt, (variance,))]


@lowers(broadcasting.sum_to)
def lower_sum_to(step):
    x, shape = step.args
    if type(x) is not Node:
        return None
    lead = x.spec.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1 and x.spec.shape[lead + i] != 1))
    if not axes:
        return None
    if lead and len(axes) > lead:
        reduced = call(calls.ADD_REDUCE, (x, axes, None, None, True), step)
        return [reduced, step.with_call(calls.reshape, (reduced, shape))]
    keepdims = not lead
    return step.with_call(calls.ADD_REDUCE, (x, axes if len(axes) > 1 else axes[0], None, None, keepdims))
