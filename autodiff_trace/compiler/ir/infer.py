"""Inference: the spec of what a call gives, from the specs of its operands. No array is touched."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.traits import traits_of
from ..backends.numpy_source import calls
from .layout import axes_by_strides, broadcast_shape, copied, distances, indexed, laid_out, order_axes, view_strides
from .node import Node, parts_of, spec_at
from .spec import Spec, array_spec, make_spec, new_spec

__all__ = ["NotInferred", "call", "infer"]

RULES: dict[Callable, Callable[..., Spec]] = {}

UFUNCS = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply, operator.truediv: np.true_divide,
    operator.pow: np.power, operator.neg: np.negative, operator.abs: np.absolute, operator.lt: np.less,
    operator.le: np.less_equal, operator.gt: np.greater, operator.ge: np.greater_equal, operator.eq: np.equal,
    operator.ne: np.not_equal, calls.logaddexp: np.logaddexp,
}


class NotInferred(Exception):
    """Nothing is known of what a function gives: whoever makes the step has to say it."""


def call(function: Callable, args: tuple, like: Node, spec: Spec | None = None) -> Node:
    """A step in the place of ``like``, or for it: with its error handling."""
    spec = spec or infer(function, args)
    return Node(function, args, {}, spec, getattr(function, "__name__", like.name), "call", like.errstate)


def infer(function: Callable, args: Sequence) -> Spec:
    """The spec of ``function(*args)``; the operands are nodes, numbers and arrays.

    >>> x = Node(None, (), {}, array_spec((2, 3), np.float32), "x", "input")
    >>> infer(np.multiply, (x, 2.0)), infer(calls.ADD_REDUCE, (x, 0)), infer(np.less, (x, 1))
    (float32[2, 3], float32[3], bool[2, 3])
    """
    rule = RULES.get(function)
    if rule is not None:
        return rule(*args)
    ufunc = UFUNCS.get(function, function)
    if isinstance(ufunc, np.ufunc):
        spec = elementwise(ufunc, operands := list(map(spec_at, args[:ufunc.nin])))
        is_python = ufunc is not function and all(each.dtype is None for each in operands)  # Python's operator gives
        return spec.as_python() if is_python else spec  # Python's numbers
    traits = traits_of(function)
    if traits.float_form is function:
        return make_spec(float, (), None, ())
    if traits.elementwise:
        operands = list(map(spec_at, args[:traits.buffer_position]))
        return laid_out(operands, next(each.dtype for each in operands if each.dtype is not None))
    raise NotInferred(f"{function!r}")


def infers(*functions: Callable) -> Callable:
    """Decorate what gives the spec of these functions, from their arguments."""

    def decorate(rule):
        RULES.update(dict.fromkeys(functions, rule))
        return rule

    return decorate


def elementwise(ufunc: np.ufunc, operands: list[Spec]) -> Spec:
    return laid_out(operands, dtype_of_ufunc(ufunc, *[each.dtype or each.kind for each in operands]))


@functools.lru_cache(maxsize=1024)
def dtype_of_ufunc(ufunc: np.ufunc, *dtypes: Any) -> np.dtype:
    """The dtype of a result; a type of Python's numbers stands for one of these."""
    if all(type(each) is type for each in dtypes):
        dtypes = tuple(map(np.dtype, dtypes))
    return ufunc.resolve_dtypes((*[np.dtype(bool) if each is bool else each for each in dtypes], None))[-1]


def reduction(function: Callable) -> None:
    is_sum = function is calls.ADD_REDUCE

    @infers(function)
    def rule(x: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Spec:
        x = spec_at(x)
        if dtype is None:
            dtype = dtype_of_sum(x.dtype) if is_sum else x.dtype
        axes = range(x.ndim) if axis is None else axis if type(axis) is tuple else (axis,)
        return reduced(x, {each % max(x.ndim, 1) for each in axes}, np.dtype(dtype), keepdims)


for _function in calls.REDUCTIONS:
    reduction(_function)


@functools.cache
def dtype_of_sum(dtype: np.dtype) -> np.dtype:
    """Of short integers NumPy adds up longer ones."""
    longer = {"b": np.int_, "i": np.int_, "u": np.uint}.get(dtype.kind)
    return np.dtype(longer) if longer is not None and dtype.itemsize < np.dtype(longer).itemsize else dtype


def reduced(x: Spec, axes: set[int], dtype: np.dtype, keepdims: bool = False) -> Spec:
    """What is left of ``x`` after a reduction of these axes."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    if not kept and not keepdims or not x.ndim:
        return make_spec(dtype.type, (), dtype, ())
    shape = tuple([1 if axis in axes else length for axis, length in enumerate(x.shape)])
    order = axes_by_strides(x.shape, [x])
    if not keepdims:
        shape, order = tuple([x.shape[axis] for axis in kept]), tuple(map(kept.index, [i for i in order if i in kept]))
    return new_spec(shape, dtype, order)


@infers(calls.reshape, np.reshape)
def reshape(x: Any, shape: tuple[int, ...]) -> Spec:
    x = spec_at(x)
    if -1 in shape:
        shape = tuple([x.size // -math.prod(shape) if length == -1 else length for length in shape])
    if x.is_contiguous:
        return array_spec(shape, x.dtype)
    strides = view_strides(x, shape)
    return array_spec(shape, x.dtype) if strides is None else make_spec(np.ndarray, shape, x.dtype, strides)


@infers(calls.transpose, np.transpose)
def transpose(x: Any, axes: tuple[int, ...]) -> Spec:
    x = spec_at(x)
    shape, strides = (tuple([each[axis] for axis in axes]) for each in (x.shape, x.strides))
    return make_spec(np.ndarray, shape, x.dtype, strides)


@infers(calls.getitem)
def getitem(x: Any, index: Any) -> Spec:
    x = spec_at(x)
    if x.items:
        return x.items[index] if type(index) is int else Spec(x.kind, (), None, (), x.items[index])
    if not x.is_array or not calls.is_basic(index):
        raise NotInferred("an index of arrays")
    shape, strides, _ = indexed(x.shape, x.strides, index)
    if not shape and ... not in parts_of(index):
        return make_spec(x.dtype.type, (), x.dtype, ())
    return make_spec(np.ndarray, shape, x.dtype, strides)


@infers(np.dot)
def dot(x: Any, y: Any) -> Spec:
    x, y = spec_at(x), spec_at(y)
    if not x.ndim or not y.ndim:
        raise NotInferred("the order of axes")
    return product(x.shape[:-1] + y.shape[:-2] + y.shape[-1:] * (y.ndim > 1), x, y)


@infers(np.matmul, operator.matmul)
def matmul(x: Any, y: Any) -> Spec:
    x, y = spec_at(x), spec_at(y)
    stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    return product(stack + x.shape[-2:-1] + y.shape[-1:] * (y.ndim > 1), x, y)


def product(shape: tuple[int, ...], x: Spec, y: Spec) -> Spec:
    dtype = dtype_of_ufunc(np.multiply, x.dtype or x.kind, y.dtype or y.kind)
    return result(shape, dtype)


def result(shape: tuple[int, ...], dtype: np.dtype) -> Spec:
    """A new array in C order, or the scalar that NumPy makes of one without axes."""
    return array_spec(shape, dtype) if shape else make_spec(dtype.type, (), dtype, ())


@infers(np.einsum)
def einsum(subscripts: str, *operands: Any) -> Spec:
    specs = list(map(spec_at, operands))
    given, arrow, left = subscripts.replace(" ", "").partition("->")
    if not arrow or "." in subscripts:
        raise NotInferred(subscripts)
    lengths: dict[str, int] = {}
    strides = []
    for letters, each in zip(given.split(","), specs):
        lengths.update(zip(letters, each.shape))
        strides.append(dict(zip(letters, distances(each))))
    dtype = np.result_type(*[each.dtype for each in specs])
    if not left:
        return make_spec(dtype.type, (), dtype, ())
    letters = [*left, *[letter for letter in lengths if letter not in left]]
    order = order_axes(len(letters), [[each.get(letter, 0) for letter in letters] for each in strides])
    return new_spec(tuple([lengths[letter] for letter in left]), dtype, [axis for axis in order if axis < len(left)])


@infers(calls.sum_axis)
def sum_axis(x: Any, subscripts: str) -> Spec:
    return einsum(subscripts, x)


@infers(calls.sum_rows)
def sum_rows(x: Any, axes: tuple, shape: tuple) -> Spec:
    return array_spec(shape, dtype_of_sum(spec_at(x).dtype))


@infers(calls.copy, calls.like, calls.roll, np.empty_like, np.zeros_like, np.ones_like)
def like(x: Any, *_: Any) -> Spec:
    x = spec_at(x)
    return copied(x, x.dtype) if x.shape else array_spec((), x.dtype or x.kind)


@infers(calls.keep)
def keep(x: Any, mask: Any) -> Spec:
    return array_spec(broadcast_shape([spec_at(x), spec_at(mask)]), spec_at(x).dtype)


@infers(calls.after, calls.assign, calls.check_labels)
def same(x: Any, *_: Any) -> Spec:
    return spec_at(x)


@infers(calls.cast)
def cast(x: Any, dtype: Any) -> Spec:
    x, dtype = spec_at(x), np.dtype(dtype)
    if x.dtype == dtype:
        return x
    if x.dtype.kind == "c" and dtype.kind == "f" and x.is_array and 2 * dtype.itemsize == x.itemsize:  # the real part
        return make_spec(x.kind, x.shape, dtype, x.strides)
    return copied(x, dtype) if x.shape else laid_out([x], dtype) if not x.is_array else array_spec((), dtype)


@infers(calls.fill)
def fill(g: Any, shape: tuple[int, ...]) -> Spec:
    g = spec_at(g)
    return result(shape, g.dtype if g.dtype is not None else np.dtype(g.kind))


@infers(np.broadcast_to)
def broadcast_to(x: Any, shape: tuple[int, ...]) -> Spec:
    x = spec_at(x)
    strides = (0,) * (len(shape) - x.ndim) + tuple(
        [0 if old != new else stride for old, new, stride in zip(x.shape, shape[len(shape) - x.ndim:], x.strides)])
    return make_spec(np.ndarray, shape, x.dtype, strides)


@infers(calls.empty)
def empty(shape: tuple[int, ...], dtype: np.dtype, axes: tuple[int, ...]) -> Spec:
    return new_spec(shape, dtype, axes)


@infers(calls.scatter)
def scatter(pieces: list, indices: list, shape: tuple[int, ...], *_: Any) -> Spec:
    return array_spec(shape, spec_at(pieces[0]).dtype)


@infers(calls.select)
def select(condition: Any, x: Any, y: Any) -> Spec:
    operands = [spec_at(condition), spec_at(x), spec_at(y)]
    return laid_out(operands, dtype_of_ufunc(np.maximum, *[each.dtype or each.kind for each in operands[1:]]))
