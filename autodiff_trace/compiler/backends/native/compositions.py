"""Compositions: functions of the library that are some steps of NumPy's, which are translated in their place.

Most add up in another order than the functions themselves, so that these are steps of ``math="own"`` alone. Where a
function goes another way for some numbers, a guard among the steps says so, and NumPy's program runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ....numpy import wrapped
from ....numpy.rules import einsum, elementwise, lengths, reductions
from ...ir.infer import call
from ...ir.node import Node, Program, literal, operands, spec_at
from ..numpy_source import calls
from .alone import alone
from .elementwise import Elementwise, pointwise
from .registers import Lanes, Value

if TYPE_CHECKING:
    from .translate import Translator

__all__: list[str] = []

Steps = Callable[[Node], tuple[list[Node], Node]]


def composed(*functions: Callable, when: Callable[[Node], bool], own_only: bool = True) -> Callable:
    """Decorate what gives the steps for a step of these functions, and that which has its value."""

    def decorate(steps_of: Steps) -> Steps:
        def translate(translator: Translator, step: Node) -> None:
            steps, output = steps_of(step)
            inputs = list(dict.fromkeys(each for each in operands(step) if each.kind != "constant"))
            places = {node: translator.place(node) for node in inputs}
            target = translator.allocate(step)
            inner = type(translator)(
                translator.shared, Program(inputs, steps, [output]), places, [(output, target)])
            translator.records += inner.run()

        alone(*functions, when=when, own_only=own_only)(translate)
        return steps_of

    return decorate


def within(x: Node, least: float, step: Node) -> list[Node]:
    """Guards that all numbers are larger than ``least``, and finite."""
    return between(x, (np.greater, least), (np.less_equal, np.finfo(x.spec.dtype).max), step)


def between(x: Node, low: tuple[np.ufunc, float], high: tuple[np.ufunc, float], step: Node) -> list[Node]:
    """Guards that comparisons of all numbers with bounds hold."""
    checks = []
    for ufunc, bound in (low, high):
        truth = call(ufunc, (x, literal(x.spec.dtype.type(bound))), step)
        checks.append(truth)
        if truth.spec.is_array:
            axes = tuple(range(truth.spec.ndim))
            truth = call(reductions.all_over.fun, (truth, axes, False), step, literal(np.bool_(True)).spec)
            checks.append(truth)
        checks.append(Node(bool, (truth,), {}, True, "bool", "guard"))
    return checks


def is_norm(step: Node) -> bool:
    x, axes, _ = step.args
    return type(x) is Node and x.spec.is_array and x.spec.dtype.char in "fd" and x.spec.size > 0 and len(axes) > 0


@composed(lengths.euclidean_norm.fun, when=is_norm)
def euclidean_norm(step: Node) -> tuple[list[Node], Node]:
    """The root of the sum of squares, where these neither overflow nor lose digits."""
    x, axes, keepdims = step.args
    square = call(np.multiply, (x, x), step)
    total = call(calls.ADD_REDUCE, (square, axes, None, None, keepdims), step)
    root = call(np.sqrt, (total,), step)
    return [square, total, root, *within(root, lengths.LEAST[x.spec.dtype], step)], root


def letters_of(step: Node) -> tuple[list[str], str]:
    given, _, left = step.args[-2].partition("->")
    return given.split(","), left


MOST = 100_000
"""Products that are added up one by one."""


def is_contraction(step: Node) -> bool:
    *args, subscripts, _ = step.args
    if type(subscripts) is not str or "->" not in subscripts or not step.spec.size:
        return False
    given, left = letters_of(step)
    if not all(type(arg) is Node and arg.spec.dtype == step.spec.dtype for arg in args):
        return False
    if step.spec.dtype.char not in "fd" or any(len(set(letters)) < len(letters) for letters in given):
        return False
    lengths = lengths_of(step)
    if 0 in lengths.values():
        return False
    if any(lengths[letter] != n for letters, arg in zip(given, args) for letter, n in zip(letters, arg.spec.shape)):
        return False
    return is_matrix_product(given, left) or np.prod([float(n) for n in lengths.values()]) <= MOST


def lengths_of(step: Node) -> dict[str, int]:
    given, _ = letters_of(step)
    return {letter: n for letters, arg in zip(given, step.args) for letter, n in zip(letters, spec_at(arg).shape)}


def is_matrix_product(given: list[str], left: str) -> bool:
    """Whether an einsum is a product of matrices, or of stacks of them."""
    if len(given) != 2:
        return False
    first, second = map(set, given)
    return len((first & second) - set(left)) == len(first - second) == len(second - first) == 1 and (
        first ^ second <= set(left))


@composed(einsum.contract.fun, when=is_contraction)
def contract(step: Node) -> tuple[list[Node], Node]:
    """A product of matrices; others as products of all elements, which are added up."""
    *args, _, _ = step.args
    given, left = letters_of(step)
    steps: list[Node] = []

    def add(function: Callable, *args) -> Node:
        steps.append(call(function, args, step))
        return steps[-1]

    def ordered(arg: Node, letters: str, order: str) -> Node:
        axes = tuple([letters.index(letter) for letter in order if letter in letters])
        return arg if axes == tuple(range(len(axes))) else add(calls.transpose, arg, axes)

    if is_matrix_product(given, left):
        first, second = map(set, given)
        summed, row, column = ((first & second) - set(left)).pop(), (first - second).pop(), (second - first).pop()
        stack = "".join(letter for letter in left if letter in first & second)
        x, y = ordered(args[0], given[0], stack + row + summed), ordered(args[1], given[1], stack + summed + column)
        product = add(np.matmul, x, y)
        if stack + row + column != left:
            ordered(product, stack + row + column, left)
        return steps, steps[-1]
    order = left + "".join(letter for letter in lengths_of(step) if letter not in left)
    product = None
    for letters, arg in zip(given, args):
        index = tuple([slice(None) if letter in letters else None for letter in order])
        each = ordered(arg, letters, order)
        if None in index and letters:
            each = add(calls.getitem, each, index)
        product = each if product is None else add(np.multiply, product, each)
    if len(order) > len(left):
        axes = tuple(range(len(left), len(order)))
        add(calls.ADD_REDUCE, product, axes if left else None, None, None, False)
    elif not steps:
        add(calls.copy, product)
    return steps, steps[-1]


def is_inversion(step: Node) -> bool:
    return step.spec.dtype is not None and step.spec.dtype.char in "fd" and all(
        type(arg) is Node and arg.spec.dtype == step.spec.dtype for arg in step.args)


@composed(elementwise.inverted.fun, when=is_inversion)
def inverted(step: Node) -> tuple[list[Node], Node]:
    """The quotient by the square of the radius, where that neither overflows nor loses digits."""
    x, y = step.args
    squares = [call(np.multiply, (each, each), step) for each in (x, y)]
    square = call(np.add, tuple(squares), step)
    checks = within(square, 1e6 * np.finfo(step.spec.dtype).tiny, step)
    quotient = call(np.divide, (x, square), step)
    return [*squares, square, *checks, quotient], quotient


def truncated(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Floating-point numbers as integers, which they are known to fit in."""
    return x.astype(dtype)


@pointwise(truncated)
def truncate(step: Node, char: str) -> Elementwise:
    given = step.args[0].spec.dtype.char
    name = "fptoui" if step.spec.dtype.kind == "u" else "fptosi"

    def rule(lanes: Lanes, x: Value) -> Value:
        return Value(lanes.lines.emit(f"{name} {lanes.type(given)} {x.name} to {lanes.type(char)}"), char)

    return Elementwise(step.args[:1], given, rule)


def is_truncation(step: Node) -> bool:
    x, result = step.args[0], step.spec.dtype
    return (type(x) is Node and not x.spec.items and x.spec.dtype is not None and x.spec.dtype.char in "fd"
            and x.spec.size > 0 and result is not None and result.kind in "iu" and result.isnative
            and len(step.args) == 2)


@composed(calls.cast, wrapped.astype.fun, when=is_truncation, own_only=False)
def cast(step: Node) -> tuple[list[Node], Node]:
    """A cast to integers. Of numbers that are too large the processor decides, and NumPy warns."""
    x, info = step.args[0], np.iinfo(step.spec.dtype)
    high = (np.less, float(info.max + 1))
    # One less than the least one is cast to it, where that is a number of its own.
    exact = float(info.min) - 1 if step.spec.itemsize < 4 or step.spec.itemsize == 4 and x.spec.itemsize == 8 else None
    low = (np.greater_equal, float(info.min)) if exact is None else (np.greater, exact)
    result = Node(truncated, (x, step.spec.dtype), {}, step.spec, "cast", "call", step.errstate)
    return [*between(x, low, high, step), result], result
