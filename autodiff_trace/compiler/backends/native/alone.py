"""Steps that are units by themselves: NumPy's own loops, sums, products of matrices, and moves of pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir.infer import UFUNCS
from ...ir.node import Node, spec_at, value_of
from ..numpy_source import calls
from .code import Flags, UfuncCall
from .elementwise import is_as_numpys, is_loop, loop_chars
from .operands import multiplies_by_one_number
from .operations import find_operation
from .pieces import joined, target_of
from .places import Place, collapse
from .products import SmallProduct, is_small
from .records import KINDS
from .symbols import has_loop, loop_name

if TYPE_CHECKING:
    from .translate import Translator

__all__ = ["find_alone"]

Rule = Callable[["Translator", Node], None]

HOLDS: dict[Callable, tuple[Callable[[Node], bool], Rule]] = {}


OWN_ONLY: set[Callable] = set()
KEYWORDS: dict[Callable, tuple[str, ...]] = {}


def find_alone(step: Node, own: Any) -> Rule | None:
    """What translates such a step; None if it is none."""
    if step.function.__hash__ is None or not set(step.kwargs).issubset(KEYWORDS.get(step.function, ())):
        return None
    found = HOLDS.get(step.function)
    if not own and step.function in OWN_ONLY:
        return None
    if found is not None:
        return found[1] if found[0](step) else None
    ufunc = UFUNCS.get(step.function, step.function)
    if isinstance(ufunc, np.ufunc) and is_plain_ufunc(ufunc, step) and (
            is_loop(ufunc, step.function, step.args) or own and is_as_numpys(ufunc, step.args)):
        return call_ufunc
    return None


def alone(
    *functions: Callable, when: Callable[[Node], bool] = lambda step: True, own_only: bool = False,
    keywords: tuple[str, ...] = (),
) -> Callable:
    """Decorate what translates calls of these functions for which ``when(step)``; ``own_only``: in another way than
    NumPy's to the last bit; ``keywords``: those that ``when`` looks at."""

    def decorate(rule: Rule) -> Rule:
        HOLDS.update(dict.fromkeys(functions, (when, rule)))
        KEYWORDS.update(dict.fromkeys(functions, keywords))
        if own_only:
            OWN_ONLY.update(functions)
        return rule

    return decorate


def is_plain_ufunc(ufunc: np.ufunc, step: Node) -> bool:
    if ufunc.nout != 1 or ufunc.signature is not None or len(step.args) != ufunc.nin or not step.spec.is_array and (
            step.spec.dtype is None):
        return False
    chars = loop_chars(ufunc, step.args)
    return chars is not None and chars[-1] == step.spec.dtype.char and has_loop(ufunc, signature(chars))


def signature(chars: str) -> str:
    return f"{chars[:-1]}->{chars[-1]}"


def call_ufunc(translator: Translator, step: Node) -> None:
    """NumPy's own loop, on operands in the dtypes that it takes."""
    ufunc = UFUNCS.get(step.function, step.function)
    chars = loop_chars(ufunc, step.args)
    target = translator.allocate(step)
    sources = [in_memory(translator, arg, char) for arg, char in zip(step.args, chars)]
    name = loop_name(ufunc)
    add_ufunc(translator, name, signature(chars), [*sources, target], target.shape)
    if name.startswith("special."):  # whose loops clear all flags, those that were raised before among them
        translator.records.append(Flags(frozenset(KINDS), frozenset(), (translator.records.pop(),)))


def in_memory(translator: Translator, arg: Any, char: str) -> Place:
    """An operand in memory, in this dtype."""
    dtype = np.dtype(char)
    if type(arg) is Node and (arg.kind != "constant" or arg.spec.shape):
        place = translator.place(arg)
        if place.dtype == dtype:
            return place
        copy = translator.temporary(place.shape, dtype)
        translator.copy(place, copy)
        return copy
    return translator.constant(np.array(value_of(arg), dtype))


def add_ufunc(
    translator: Translator, ufunc: str, types: str, places: list[Place], shape: tuple[int, ...],
) -> None:
    """The record of an elementwise loop, along the innermost axis; the others are outer ones."""
    broadcast = [place.broadcast(shape) for place in places]
    lengths, strides = collapse(shape, [place.strides for place in broadcast])
    if not lengths:
        # Of one element, as NumPy gives them: some loops go another way where strides are 0.
        lengths, strides = [1], [[place.strides[-1] if place.strides else 0] for place in places]
        strides[-1] = strides[-1] if places[-1].strides else [places[-1].dtype.itemsize]
    translator.records.append(UfuncCall(
        ufunc, types, tuple([place.at for place in places]), (lengths[-1],), tuple([each[-1] for each in strides]),
        tuple(lengths[:-1]), tuple([tuple(each[:-1]) for each in strides])))


# Products


def is_product(step: Node) -> bool:
    if len(step.args) != 2:
        return False
    x, y = map(spec_at, step.args)
    if x.dtype != step.spec.dtype or y.dtype != step.spec.dtype or step.spec.dtype.char not in "fdFD":
        return False
    if not all(type(arg) is Node for arg in step.args) or not x.ndim or not y.ndim or not x.size or not y.size:
        return False
    return step.function is np.matmul or x.ndim <= 2 and y.ndim <= 2


def for_blas(translator: Translator, x: Place) -> Place:
    """The elements in an order that the BLAS takes: where they are not, ``dot`` copies them, and ``matmul`` does
    without the BLAS."""
    size = x.dtype.itemsize
    axes = [(length, stride) for length, stride in zip(x.shape, x.strides) if length != 1]
    if len(axes) < 2:
        fine = all(stride > 0 and stride % size == 0 for _, stride in axes)
    else:
        fine = any(inner == size and outer % size == 0 and outer >= size * length
                   for (_, outer), (length, inner) in (axes, axes[::-1]))
    if fine:
        return x
    copy = translator.temporary(x.shape, x.dtype)
    translator.copy(x, copy)
    return copy


@alone(np.dot, np.matmul, when=is_product)
def multiply(translator: Translator, step: Node) -> None:
    """NumPy's loop of ``matmul``, which calls the BLAS where it can."""
    x, y = map(translator.place, step.args)
    target = translator.allocate(step)
    char = step.spec.dtype.char
    if len(x.shape) == 1:
        x = x.insert(0)
        target = target.insert(max(len(target.shape) - (len(y.shape) > 1), 0))
    if len(y.shape) == 1:
        y = y.insert(1)
        target = target.insert(len(target.shape))
    (m, k), n = x.shape[-2:], y.shape[-1]
    if multiplies_by_one_number(step):
        numbers = [each._replace(shape=target.shape, strides=(0,) * len(target.shape)) for each in (x, y)]
        translator.move(find_operation(np.multiply, char * 2), numbers, target)
        return
    if translator.own and is_small(x, y):
        translator.call(SmallProduct(x, y, target).write())
        return
    if step.function is np.dot:
        x, y = (for_blas(translator, each) for each in (x, y))
    stack = target.shape[:-2]
    outer = [each.broadcast(stack + each.shape[-2:]) for each in (x, y, target)]
    lengths, strides = collapse(stack, [each.strides[:-2] for each in outer])
    if not lengths:
        lengths, strides = [1], [[0]] * 3
    core_steps = [each[-1] for each in strides] + [stride for each in outer for stride in each.strides[-2:]]
    translator.records.append(UfuncCall(
        "matmul", f"{char}{char}->{char}", (x.at, y.at, target.at), (lengths[-1], m, k, n), tuple(core_steps),
        tuple(lengths[:-1]), tuple([tuple(each[:-1]) for each in strides])))


# Moves of pieces


def are_pieces(step: Node) -> bool:
    items = step.args[0]
    return (type(items) in (list, tuple) and step.spec.is_array
            and all(type(each) is not Node or not each.spec.items for each in items)
            and all(type(each) in (Node, float, int, bool, complex) for each in items))


def source_of(translator: Translator, arg: Any, dtype: np.dtype) -> Place:
    if type(arg) is Node and (arg.kind != "constant" or arg.spec.shape):
        return translator.place(arg)
    return translator.constant(np.array(value_of(arg), dtype))


@alone(np.stack, np.array, when=are_pieces)
def stack(translator: Translator, step: Node) -> None:
    put_together(translator, step)


@alone(np.concatenate, when=lambda step: are_pieces(step) and (len(step.args) < 2 or step.args[1] is not None))
def concatenate(translator: Translator, step: Node) -> None:
    put_together(translator, step)


def put_together(translator: Translator, step: Node) -> None:
    """Copies of the pieces that are not there already."""
    target = target_of(translator, step)
    for each, index in joined(step):
        place = target.index(index)
        source = source_of(translator, each, place.dtype)
        if source != place:
            translator.copy(source.broadcast(place.shape), place)


@alone(calls.roll, when=lambda step: len(step.args) == 2 and type(step.args[0]) is Node)
def roll(translator: Translator, step: Node) -> None:
    source, target = translator.place(step.args[0]), translator.allocate(step)
    for to, come_from in step.args[1]:
        translator.copy(source.index(come_from), target.index(to))
