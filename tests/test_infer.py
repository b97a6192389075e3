"""What is inferred of a call is what NumPy gives: type, shape, dtype and strides."""

import itertools
import operator
import random

import numpy as np
import pytest

from autodiff_trace.compiler.backends.numpy_source import calls
from autodiff_trace.compiler.ir.infer import NotInferred, infer
from autodiff_trace.compiler.ir.spec import spec_of

SHAPES = [(), (3,), (1,), (2, 3), (3, 3), (1, 3), (2, 1), (2, 3, 4), (2, 1, 4), (4, 2, 3), (0, 3), (2, 2, 2)]

DTYPES = [np.float64, np.float32, np.int64, np.int8, bool, complex]


def arrays():
    for shape, dtype in itertools.product(SHAPES, DTYPES):
        x = (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 5).astype(dtype)
        yield x
        yield np.asfortranarray(x)
        yield np.ascontiguousarray(x.T).T
        yield np.repeat(x[..., None], 2, -1)[..., 1]
        if shape:
            yield x[::-1]
        if len(shape) > 2:
            yield np.ascontiguousarray(np.swapaxes(x, 1, 2)).swapaxes(1, 2)


ARRAYS = [x for x in arrays() if isinstance(x, np.ndarray)]
OPERANDS = [*ARRAYS, np.float64(2), np.float32(2), np.bool_(True), 1.5, 2, True]
OPERANDS_BY_SHAPE = {shape: [x for x in OPERANDS if np.shape(x) == shape] for shape in SHAPES}

BINARY = [
    np.add, np.multiply, np.less, np.maximum, np.true_divide, np.power, np.matmul, np.dot, operator.add, operator.mul,
    operator.sub, operator.truediv, operator.lt,
]

UNARY = [
    np.exp, np.negative, np.isfinite, np.square, operator.neg, calls.copy, calls.like, np.ones_like, np.zeros_like,
    *[lambda x, dtype=dtype: (calls.cast, x, np.dtype(dtype)) for dtype in DTYPES],
]

INDICES = [
    0, -1, slice(None), slice(1, None), slice(None, None, -1), (0, ...), (..., 0), ..., None, (None, 0), (),
    (slice(0, 2), slice(None)), (0, 1), (0, 1, 2), (slice(None), None, 1), (slice(1, 3), ..., 0),
]


def known(spec):
    """What a spec says; strides along axes with one element mean nothing."""
    if spec.is_sequence:
        return spec.kind, tuple(map(known, spec.items))
    strides = [stride for length, stride in zip(spec.shape, spec.strides) if length > 1] if spec.size else None
    return spec.kind, spec.shape, spec.dtype, strides


def check(function, *args):
    try:
        with np.errstate(all="ignore"):
            expected = function(*args)
    except (TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError, np.exceptions.AxisError):
        return
    try:
        found = infer(function, args)
    except NotInferred:
        assert function is np.dot and 0 in map(np.ndim, args)
        return
    shown = [(x.shape, x.strides, x.dtype) if isinstance(x, np.ndarray) else x for x in args]
    assert known(found) == known(spec_of(expected)), (function, shown)


@pytest.mark.parametrize("function", BINARY, ids=str)
def test_of_two_operands(function):
    numbers = random.Random(0)
    for _ in range(1500):
        x = numbers.choice(OPERANDS)
        y = numbers.choice(numbers.choice([OPERANDS, OPERANDS_BY_SHAPE[np.shape(x)]]))
        check(function, x, y)


def test_of_masks():
    numbers = random.Random(0)
    masks = [x for x in OPERANDS if getattr(x, "dtype", None) == np.bool_]
    for _ in range(3000):
        mask, x = numbers.choice(masks), numbers.choice(OPERANDS)
        check(calls.select, mask, x, numbers.choice(OPERANDS_BY_SHAPE[np.shape(x)]))
        if isinstance(x, np.ndarray) and x.dtype == float:
            check(calls.keep, x, mask)


def test_of_one_operand():
    for x, function in itertools.product(OPERANDS, UNARY):
        if getattr(function, "__name__", "") == "<lambda>":
            if isinstance(x, np.ndarray):
                check(*function(x))
        elif not (function is operator.neg and x is True):
            check(function, x)


def test_of_reductions():
    for x in ARRAYS:
        axes = [axes for count in range(x.ndim + 1) for axes in itertools.combinations(range(x.ndim), count)]
        for axis, keepdims, function in itertools.product([None, -1, *axes], (False, True), calls.REDUCTIONS):
            check(function, x, axis, None, None, keepdims)


def test_of_moves():
    for x in ARRAYS:
        for shape in [(x.size,), (-1,), (1, *x.shape), (*x.shape, 1), (6, 4), (2, 3, 2, 2), (3, 2), (2, 12), (12, 2)]:
            check(calls.reshape, x, shape)
        for axes in itertools.permutations(range(x.ndim)):
            check(calls.transpose, x, axes)
        for index in INDICES:
            check(calls.getitem, x, index)
        for shape in (x.shape, (5, *x.shape), (2, 3)):
            check(np.broadcast_to, x, shape)
            check(calls.fill, x, shape)


def test_of_others():
    x, y = np.ones((2, 3), np.float32), np.ones((3, 4))
    check(np.einsum, "ij,jk->ki", x, y)
    check(np.einsum, "ij,jk->", x, y)
    check(calls.sum_axis, y, "ij->j")
    check(calls.sum_rows, y, (0,), (4, 1))
    check(calls.empty, (2, 3, 4), np.dtype(float), (2, 0, 1))
    check(calls.scatter, [x], [(slice(None), 0)], (2, 5, 3), (...,), ("add",))
    check(operator.getitem, (x, 1.5), 0)
    assert infer(calls.logaddexp, (x, x)) == spec_of(x)
    with pytest.raises(NotInferred):
        infer(np.sort, (x,))
