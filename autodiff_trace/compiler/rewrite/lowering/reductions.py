"""Lowering of sums, means and extrema over axes."""

from __future__ import annotations

import operator

import numpy as np

from ....numpy import broadcasting
from ....numpy.rules import extrema, reductions
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
