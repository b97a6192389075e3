"""Products: signs and factors that move out of them, and products with diagonal matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backends.numpy_source import calls
from ..ir.node import Node, literal, value_of
from ..ir.terms import (
    ADD,
    MULTIPLY,
    NEGATE,
    SUBTRACT,
    is_call,
    is_factor,
    is_identity,
    is_negative,
    is_real,
    same,
    with_function,
)

__all__ = [
    "diagonal_product", "difference_of_negative", "doubled_product", "is_power_of_two", "movable_signs",
    "negated_product", "negative_product",
]


def movable_signs(users: dict[Node, list[Node]]) -> set[Node]:
    """Negations of which the products that they are in can take the sign, without more negations than there were."""

    def takes_sign(product: Node) -> bool:
        if any(is_factor(arg) for arg in product.args):
            return True
        using = users.get(product, [])
        return len(using) == 1 and (
            is_call(using[0], ADD) or is_call(using[0], SUBTRACT) and using[0].args[1] is product
        )

    movable = set()
    for step, using in users.items():
        if is_negative(step) and all(is_call(user, MULTIPLY) and is_real(user.value) for user in using):
            if sum(not takes_sign(user) for user in using) <= 1:
                movable.add(step)
    return movable


def negative_product(step: Node, signs: set[Node]) -> Any:
    """``-x * y`` as ``-(x * y)``, which an addition turns into a subtraction; or with the sign in a constant."""
    x, y = step.args
    if x in signs and is_negative(x):
        x = x.args[0]
    elif y in signs and is_negative(y):
        y = y.args[0]
    else:
        return None
    if is_factor(y):
        return step.with_call(step.function, (x, negated(y)))
    if is_factor(x):
        return step.with_call(step.function, (negated(x), y))
    product = Node(step.function, (x, y), {}, -step.value, step.name, "call", step.errstate)
    return [product, with_function(step, NEGATE, (product,))]


def negated_product(step: Node, users: dict[Node, list[Node]]) -> Any:
    """``-(c * x)`` as ``-c * x``."""
    product, = step.args
    if is_call(product, MULTIPLY) and is_real(product.value) and len(users.get(product, ())) == 1:
        x, y = product.args
        if is_factor(x) != is_factor(y):
            return product.with_call(product.function, (negated(x), y) if is_factor(x) else (x, negated(y)))
    return None


def negated(arg: Any) -> Any:
    return literal(np.negative(arg.value)) if type(arg) is Node else -arg


def doubled_product(step: Node, users: dict[Node, list[Node]]) -> Any:
    """``2 * (c * x)`` as ``(2 * c) * x``: exact for powers of two, with which numbers keep their digits."""
    for number, product in (step.args, step.args[::-1]):
        if is_factor(number) and is_call(product, MULTIPLY) and len(users.get(product, ())) == 1:
            for inner, x in (product.args, product.args[::-1]):
                if is_factor(inner) and not is_factor(x) and has_dtype_of(product, step):
                    first, second = value_of(number), value_of(inner)
                    # By a factor below 1 a number may become 0, which twice that factor keeps.
                    if is_power_of_two(first) and abs(second) >= 1 or is_power_of_two(second) and abs(first) >= 1:
                        with np.errstate(all="ignore"):
                            merged = first * second
                        if np.isfinite(merged):
                            is_python = type(merged) in (int, float)
                            return step.with_call(step.function, (merged if is_python else literal(merged), x))
    return None


def has_dtype_of(x: Node, y: Node) -> bool:
    return np.result_type(x.value) == np.result_type(y.value)


def is_power_of_two(x: Any) -> bool:
    """Whether ``x`` is 2, 4, 8 … up to 2³⁰, or minus that. (By a half a number could become too small to be exact.)"""
    return bool(np.isreal(x) and 2 <= abs(x) <= 2**30 and np.frexp(abs(x))[0] == 0.5)


def difference_of_negative(step: Node, users: dict[Node, list[Node]]) -> list[Node] | None:
    """``-x - c * y`` as ``-c * y - x``; the constant may be a factor of a factor."""
    negative, product = step.args
    if not is_negative(negative) or len(users.get(negative, ())) != 1:
        return None
    steps = with_sign(product, users)
    return steps and [*steps, step.with_call(step.function, (steps[-1], negative.args[0]))]


def with_sign(product: Any, users: dict[Node, list[Node]]) -> list[Node] | None:
    """The steps for a product with the other sign, where a constant in it can take that."""
    if not is_call(product, MULTIPLY) or not is_real(product.value) or len(users.get(product, ())) != 1:
        return None
    for i, factor in enumerate(product.args):
        if is_factor(factor):
            steps, new = [], negated(factor)
        else:
            steps = with_sign(factor, users)
            if steps is None:
                continue
            new = steps[-1]
        args = (new, product.args[1]) if i == 0 else (product.args[0], new)
        return [*steps, product.with_call(product.function, args)]
    return None


def diagonal_product(step: Node) -> Any:
    """``(I * d) @ M``, the product of a diagonal matrix, as ``d[:, None] * M``; and ``I @ M`` as ``M``.

    Jacobians begin with it. Zeros do not meet the infinities of ``M``: where there are any, the product is NaN.
    """
    left, right = step.args
    if np.ndim(value_of(right)) != 2 or type(right) is not Node:
        return None
    if is_identity(left):
        return same(right, step)
    if not is_call(left, MULTIPLY) or not any(map(is_identity, left.args)):
        return None
    diagonal = left.args[is_identity(left.args[0])]
    if type(diagonal) is not Node or np.shape(diagonal.value) != left.value.shape[1:]:
        return None
    if np.result_type(diagonal.value, right.value) != step.value.dtype:
        return None
    column = diagonal.with_call(calls.reshape, (diagonal, (-1, 1)))
    column.value = diagonal.value.reshape(-1, 1)
    return [column, step.with_call(np.multiply, (column, right))]
