"""Moves: steps that put elements at other places, or zeros beside them: diagonals, triangles, tiles, repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....numpy.mutation import identity
from ...ir.node import Node
from ...ir.spec import c_strides
from ..numpy_source import calls
from .alone import alone
from .places import Place

if TYPE_CHECKING:
    from .translate import Translator

__all__: list[str] = []


def is_of_array(step: Node) -> bool:
    x = step.args[0]
    return type(x) is Node and x.spec.is_array and x.spec.size > 0 and step.spec.is_array and (
        step.spec.dtype == x.spec.dtype)


def put_zeros(translator: Translator, target: Place) -> None:
    translator.copy(translator.constant(np.zeros((), target.dtype)).broadcast(target.shape), target)


def diagonal_of(place: Place, k: int) -> Place:
    """The elements of a matrix on its diagonal ``k``."""
    rows, columns = place.shape
    corner = place.index((slice(max(-k, 0), None), slice(max(k, 0), None)))
    length = min(rows + min(k, 0), columns - max(k, 0))
    return corner._replace(shape=(length,), strides=(sum(place.strides),))


@alone(np.diag, when=lambda step: is_of_array(step) and len(step.args) == 2 and type(step.args[1]) is int)
def diag(translator: Translator, step: Node) -> None:
    """The matrix with a diagonal, or the diagonal of a matrix."""
    x, target = translator.place(step.args[0]), translator.allocate(step)
    if len(x.shape) == 2:
        translator.copy(diagonal_of(x, step.args[1]), target)
        return
    put_zeros(translator, target)
    translator.copy(x, diagonal_of(target, step.args[1]))


def is_triangle(step: Node) -> bool:
    return is_of_array(step) and step.args[0].spec.ndim >= 2 and type((*step.args, 0)[1]) is int


@alone(np.tril, np.triu, when=is_triangle)
def triangle(translator: Translator, step: Node) -> None:
    """The elements on one side of a diagonal; zeros on the other."""
    x, target = translator.place(step.args[0]), translator.allocate(step)
    k = (*step.args, 0)[1]
    mask = np.tri(*x.shape[-2:], k=k if step.function is np.tril else k - 1, dtype=bool)
    kept = translator.constant(mask if step.function is np.tril else ~mask).broadcast(x.shape)
    zero = translator.constant(np.zeros((), x.dtype)).broadcast(x.shape)
    translator.move(lambda lanes, mask, x, zero: lanes.select(mask, x, zero), [kept, x, zero], target)


@alone(np.copy, identity.fun, when=is_of_array)
def copy(translator: Translator, step: Node) -> None:
    translator.copy(translator.place(step.args[0]), translator.allocate(step))


def is_regrouped(step: Node) -> bool:
    return is_of_array(step) and step.spec.is_contiguous


@alone(calls.reshape, when=is_regrouped)
def reshape(translator: Translator, step: Node) -> None:
    """Another shape of an array that does not lie in the order of C: a copy."""
    x, target = translator.place(step.args[0]), translator.allocate(step)
    translator.copy(x, target._replace(shape=x.shape, strides=c_strides(x.shape, x.dtype.itemsize)))


def is_tiling(step: Node) -> bool:
    return is_of_array(step) and len(step.args) == 2 and all(type(n) is int for n in parts_of(step.args[1]))


def parts_of(times: Any) -> tuple:
    return times if type(times) is tuple else (times,)


@alone(np.tile, when=is_tiling)
def tile(translator: Translator, step: Node) -> None:
    x, target = translator.place(step.args[0]), translator.allocate(step)
    times = parts_of(step.args[1])
    for _ in range(len(target.shape) - len(x.shape)):
        x = x.insert(0)
    times = (1,) * (len(target.shape) - len(times)) + times
    for i in reversed(range(len(times))):
        x = x.insert(i, times[i], 0)
        target = target.insert(i, times[i], target.strides[i] * x.shape[i + 1])
        lengths = (*target.shape[:i + 1], x.shape[i + 1], *target.shape[i + 2:])
        target = target._replace(shape=lengths)
    translator.copy(x, target)


def is_repeat(step: Node) -> bool:
    return is_of_array(step) and len(step.args) == 3 and all(type(arg) is int for arg in step.args[1:])


@alone(np.repeat, when=is_repeat)
def repeat(translator: Translator, step: Node) -> None:
    x, target = translator.place(step.args[0]), translator.allocate(step)
    times, axis = step.args[1], step.args[2] % len(x.shape)
    stride = target.strides[axis]
    target = target.insert(axis + 1, times, stride)
    shape, strides = list(target.shape), list(target.strides)
    shape[axis], strides[axis] = x.shape[axis], stride * times
    target = target._replace(shape=tuple(shape), strides=tuple(strides))
    translator.copy(x.insert(axis + 1, times, 0), target)
