"""Lowering of elementwise arithmetic and of products of matrices."""

from __future__ import annotations

import operator

import numpy as np

from ....numpy import broadcasting, selections, wrapped
from ...backends.numpy_source import calls
from ...ir.infer import call, infer
from ...ir.node import Node, literal, spec_at
from ...ir.terms import is_number
from .table import as_operand, lowers


@lowers(wrapped.power)
def lower_power(step):
    x, exponent = step.args
    if step.spec.dtype == np.int8 and spec_at(x).dtype == np.bool_:
        return step.with_call(operator.pow, step.args)  # the operator gives int8, the function what an int gives
    if step.spec.is_array and type(x) is Node and x.spec.dtype == step.spec.dtype:
        kind = step.spec.dtype.kind
        if type(exponent) is int and kind in "fc" or type(exponent) is float and (kind == "f" or exponent == 0.5):
            if exponent == 2:
                return step.with_call(np.square, (x,))
            if exponent == 0.5:
                return step.with_call(np.sqrt, (x,))
            if exponent == -1:
                return step.with_call(np.reciprocal, (x,))
            if exponent == 1 and kind == "f":
                return step.with_call(np.positive, (x,))
    return None


SHORTEST_ROW = 6
"""Columns times shorter rows are quicker as products of matrices: 13 instead of 20 µs for 1000 rows of three."""


@lowers(wrapped.matmul, wrapped.dot)
def lower_product(step):
    x, y = step.args if len(step.args) == 2 else (None, None)
    if step.kwargs or not all(type(arg) is Node and arg.spec.is_array for arg in (x, y)):
        return None
    is_column = step.function is wrapped.matmul and x.spec.shape[-1:] == (1,)
    if is_column and (1 in (x.spec.size, y.spec.size) or step.spec.dtype.kind == "c"):
        return None  # dot multiplies by the one number, where a sum makes 0 of -0
    if x.spec.ndim <= 2 and y.spec.ndim <= 2 and x.spec.ndim and y.spec.ndim:
        return step.with_call(np.dot, (x, y))  # of two matrices 0.5 instead of 0.95 µs
    is_outer = is_column and min(x.spec.ndim, y.spec.ndim) > 2 and y.spec.shape[-1] >= SHORTEST_ROW
    if is_outer and x.spec.dtype == y.spec.dtype == step.spec.dtype and step.spec.dtype.kind == "f":
        # A column times a row. The sum of the one product and 0 is 0 where the product is -0.
        product = call(np.multiply, (x, y), step)
        return [product, step.with_call(np.add, (product, as_operand(0, step.spec.dtype)))]
    return None


@lowers(broadcasting.match_dtype)
def lower_match_dtype(step):
    return step.with_call(calls.cast, step.args)


@lowers(wrapped.where)
def lower_where(step):
    if len(step.args) != 3 or step.kwargs:
        return None
    mask, x, other = step.args
    if is_array(mask, np.bool_) and step.spec.dtype.kind == "f" and is_array(x, step.spec.dtype):
        # The zeros may have a shape of their own, which the result has then.
        if step.spec.itemsize in calls.BITS and is_number(other, 0) and (
                infer(calls.keep, (x, mask)).shape == step.spec.shape):
            return step.with_call(calls.keep, (x, mask))
    return step.with_call(calls.select, step.args)


def is_array(x, dtype):
    return type(x) is Node and x.spec.is_array and x.spec.dtype == dtype


@lowers(selections.ones_beside)
def lower_ones_beside(step):
    spec = step.spec
    return literal(np.broadcast_to(np.ones((), spec.dtype), spec.shape)) if spec.is_array else None
