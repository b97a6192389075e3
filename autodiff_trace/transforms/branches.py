"""Branches as functions, ``cond``, ``switch`` and ``while_loop``: also where ``vmap`` has a condition for each example.

A condition that is one value is Python's: one branch runs, in every mode. One that is mapped is a whole batch: then
all branches run, each on operands of its own, and each example takes what is its own. A loop goes on as long as one
example does, and those that have ended keep their values.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from ..core.batching import BatchTrace
from ..core.errors import TracedValueError, caller_line
from ..core.pytree import tree_flatten, tree_unflatten
from ..core.derivative import DerivativeTrace
from ..core.tracebacks import border
from ..core.tracer import is_box
from ..core.tree_paths import first_difference, path_text
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from ..numpy.error_states import muted
from .border import describe
from .carries import check_carry, kind_of, own, show, to_root, writable
from .steps import number
from .trace_substitution import current

__all__ = ["cond", "is_mapped", "own_tree", "switch", "while_loop"]

Answer = tuple[list, Any, str]
"""Leaves and structure of what a branch returned, and its name."""


@border
def cond(pred: Any, true_fun: Callable, false_fun: Callable, *operands: Any, **unknown: NoReturn) -> Any:
    """``true_fun(*operands)`` where ``pred`` is true, else ``false_fun(*operands)``.

    Arguments:
        pred: one truth value, traced perhaps.
        true_fun, false_fun: functions of the operands, which may close over traced values.
        operands: numbers, arrays, or containers of them. Each function gets them as its own, to write into if it likes.

    Of one truth value it is Python's ``if``: one function runs, and under ``jit`` each way is compiled when it is first
    taken. Where ``vmap`` has a truth value for each example, both functions run for all, and each example takes the
    answer that is its own, with the derivative of that alone; then both have to return the same structure, shapes
    and dtypes, and NumPy does not warn within them, since it would of numbers of the other examples.

    Source: the signature is that of ``jax.lax.cond``.

    >>> import numpy as np
    >>> from autodiff_trace import grad, vmap, numpy as anp
    >>> f = lambda x: cond(x > 0, anp.sqrt, lambda x: 0.0 * x, x)
    >>> float(grad(f)(4.0)), vmap(f)(np.array([4.0, 9.0]))
    (0.25, array([2., 3.]))
    """
    if unknown:
        raise unknown_keyword("cond", unknown)
    for name, fun in (("true_fun", true_fun), ("false_fun", false_fun)):
        if not callable(fun):
            raise TypeError(
                f"cond: {name} is {describe(fun)}, not a function: cond(pred, true_fun, false_fun, *operands); for a "
                "choice of two values write anp.where(pred, x, y).")
    is_true = truth("cond: pred", pred)
    if not is_mapped(is_true):
        return (true_fun if is_true else false_fun)(*own_tree(operands))
    answers = [run_branch("cond", fun, operands) for fun in (true_fun, false_fun)]
    leaves, structure, _ = select("cond", is_true, *answers)
    return tree_unflatten(structure, leaves)


@border
def switch(index: Any, branches: Sequence[Callable], *operands: Any, **unknown: NoReturn) -> Any:
    """``branches[index](*operands)``, with an index below zero as the first and one that is too large as the last.

    What :func:`cond` says of both ways holds here for all.

    Source: the signature is that of ``jax.lax.switch``.

    >>> import numpy as np
    >>> from autodiff_trace import vmap
    >>> powers = [lambda x: x, lambda x: x**2, lambda x: x**3]
    >>> switch(1, powers, 3.0), vmap(lambda i, x: switch(i, powers, x))(np.array([0, 2]), np.array([3.0, 3.0]))
    (9.0, array([ 3., 27.]))
    """
    if unknown:
        raise unknown_keyword("switch", unknown)
    branches = list(branches) if isinstance(branches, Iterable) else []
    if not branches or not all(map(callable, branches)):
        raise TypeError("switch: branches is a list of functions, at least one: switch(index, [f, g], *operands).")
    value = number(index)
    if getattr(value, "shape", None) != () or value.dtype.kind not in "iu":
        raise TypeError(f"switch: index is {describe(index)}, not one integer ({caller_line()}).")
    if not is_mapped(value):
        return branches[min(max(operator.index(index), 0), len(branches) - 1)](*own_tree(operands))
    answer, *others = [run_branch("switch", fun, operands) for fun in branches]
    for i, each in enumerate(others, 1):
        answer = select("switch", value >= i, each, answer)
    return tree_unflatten(answer[1], answer[0])


@border
def while_loop(cond_fun: Callable, body_fun: Callable, init_val: Any, **unknown: NoReturn) -> Any:
    """``while cond_fun(carry): carry = body_fun(carry)``, from ``init_val``; the last carry.

    Arguments:
        cond_fun: a function of the carry that returns one truth value.
        body_fun: a function of the carry that returns the next one, of the same structure, shapes and dtypes. It may
            write into its carry.
        init_val: the first carry: numbers, arrays, or containers of them.

    It computes what Python's loop computes, with its derivatives, in both modes and of every order. The backward pass
    keeps what each turn computes; ``while_loop(cond_fun, checkpoint(body_fun), init_val)`` keeps the carries alone.
    Under ``jit`` each number of turns is compiled when it first comes.

    Where ``vmap`` has a truth value for each example, the loop goes on as long as one of them does; those that have
    ended keep their carry, with the derivative of the turns that they made. The body runs for them as well, on that
    carry.

    Source: the signature is that of ``jax.lax.while_loop``.

    >>> import numpy as np
    >>> from autodiff_trace import grad, vmap
    >>> f = lambda x: while_loop(lambda y: y < 100.0, lambda y: y * x, x)
    >>> float(f(3.0)), float(grad(f)(3.0)), vmap(f)(np.array([3.0, 5.0, 200.0]))
    (243.0, 405.0, array([243., 125., 200.]))
    """
    if unknown:
        raise unknown_keyword("while_loop", unknown)
    for name, fun in (("cond_fun", cond_fun), ("body_fun", body_fun)):
        if not callable(fun):
            raise TypeError(f"while_loop: {name} is {describe(fun)}, not a function: "
                            "while_loop(cond_fun, body_fun, init_val).")
    carry, structure = tree_flatten(init_val)
    carry = [to_root("while_loop", leaf) for leaf in carry]
    kinds = [kind_of(leaf) for leaf in carry]
    body_name = getattr(body_fun, "__name__", repr(body_fun))
    what = f"while_loop: what {getattr(cond_fun, '__name__', repr(cond_fun))} returned"
    going: Any = None
    carry = list(map(writable, carry))
    while True:
        goes_on = truth(what, cond_fun(tree_unflatten(structure, carry)))
        if going is None and not is_mapped(goes_on):
            if not goes_on:
                return tree_unflatten(structure, carry)
            carry = check_carry("while_loop", body_name, body_fun(tree_unflatten(structure, carry)), structure, kinds)
            continue
        going = goes_on if going is None else anp.logical_and(going, goes_on)
        if not any_example(going):
            return tree_unflatten(structure, carry)
        answer = call_for_all("while_loop", body_fun, tree_unflatten(structure, list(map(writable, carry))))
        new = check_carry("while_loop", body_name, answer, structure, kinds)
        carry = [choose(going, x, y) for x, y in zip(new, carry)]


def truth(what: str, value: Any) -> Any:
    """``value`` as one truth value, which may be mapped."""
    value = number(value)
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if dtype is None or dtype.kind not in "biu":
        raise TypeError(
            f"{what} is {describe(value) if shape != () else f'a {dtype}'}, not a truth value such as x > 0 "
            f"({caller_line()}).")
    if shape != ():
        raise ValueError(
            f"{what} is an array of shape {shape}, not one truth value ({caller_line()}): write anp.any(…) or "
            "anp.all(…), or map over it with vmap.")
    return value if dtype.kind == "b" else value != 0


def is_mapped(x: Any) -> bool:
    """Whether a value is one of each example of a batch."""
    while is_box(x):
        x = current(x)
        if not is_box(x):
            return False
        if isinstance(x._trace, BatchTrace) and x._node is not None:
            return True
        x = x._value
    return False


def any_example(condition: Any) -> bool:
    """Whether a condition is true of any example of all batches."""
    condition = current(condition)
    while is_box(condition) and isinstance(condition._trace, (BatchTrace, DerivativeTrace)):
        condition = current(condition._value)
    return bool(anp.any(condition))


def own_tree(tree: Any) -> Any:
    """``tree`` for a function that may write into it."""
    leaves, structure = tree_flatten(tree)
    return tree_unflatten(structure, list(map(own, leaves)))


def call_for_all(name: str, fun: Callable, *args: Any) -> Any:
    """``fun(*args)``, which runs for all examples, also on numbers that are not for it: of these NumPy does not warn.

    Raises TracedValueError if it writes into a traced value from around it.
    """
    cells = [cell.cell_contents for cell in getattr(fun, "__closure__", None) or () if holds_something(cell)]
    boxes = [box for box in tree_flatten(cells)[0] if is_box(box)]
    values = [box._value for box in boxes]
    with muted():
        answer = fun(*args)
    if any(box._value is not value for box, value in zip(boxes, values)):
        raise TracedValueError(
            f"{name}: {getattr(fun, '__name__', fun)} writes into an array from around it ({caller_line()}), but is "
            "run for all examples of a batch. Make the array an operand, or part of the carry, and return it.")
    return answer


def holds_something(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def run_branch(name: str, fun: Callable, operands: tuple) -> Answer:
    leaves, structure = tree_flatten(operands)
    answer = call_for_all(name, fun, *tree_unflatten(structure, list(map(writable, leaves))))
    return *tree_flatten(answer), getattr(fun, "__name__", repr(fun))


def select(name: str, condition: Any, one: Answer, other: Answer) -> Answer:
    """Leaf by leaf what ``one`` has where the condition is true, else ``other``."""
    leaves, structure, one_name = one
    others, other_structure, other_name = other
    if structure != other_structure:
        raise TypeError(
            f"{name}: {one_name} and {other_name} return different structures: "
            f"{first_difference(structure, other_structure)} ({caller_line()}). Mapped by vmap, all branches run.")
    for i, (x, y) in enumerate(zip(leaves, others)):
        if kind_of(x) != kind_of(y):
            raise TypeError(
                f"{name}: {one_name} returns {show(kind_of(x))}{path_text(structure, i)}, but {other_name} returns "
                f"{show(kind_of(y))} ({caller_line()}). Mapped by vmap, all branches run, with answers of one kind.")
    return [choose(condition, x, y) for x, y in zip(leaves, others)], structure, one_name


def choose(condition: Any, x: Any, y: Any) -> Any:
    return y if x is y or not isinstance(kind_of(y), tuple) else anp.where(condition, x, y)
