"""Loops whose backward pass keeps little: ``scan`` over arrays, ``fori_loop`` over numbers.

n steps run in about √n blocks of about √n steps, each block a checkpoint. So what is kept are the carries between the
blocks, and in the backward pass the values within one block.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..core.array_ops import owning
from ..core.errors import caller_line
from ..core.foreign import is_foreign
from ..core.pytree import Structure, tree_flatten, tree_unflatten
from ..core.tracebacks import border
from ..core.tracer import boxers, is_box
from ..core.transformed import check_function
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from .border import describe
from .carries import check_carry, kind_of, own, to_root, writable
from .checkpointing import checkpoint, recompute, traces_to_handle
from .steps import number

__all__ = ["fori_loop", "scan"]

BLOCK_BYTES = 2**22
"""Blocks in which the carries alone take more than this are made of checkpoints, one a step."""


recorders: list[Callable] = []
"""Who makes one step of a loop where that can be done: ``recorder(steps, carry, xs, n)`` gives the leaves of the last
carry and of the stacked outputs, or None."""


@border
def scan(
    f: Callable, init: Any, xs: Any = None, length: int | None = None, reverse: bool = False, **unknown: NoReturn
) -> tuple:
    """Thread a carry through a loop over the first axis of ``xs``: ``carry, y = f(carry, x)``.

    Arguments:
        f: a function of the carry and of one element of ``xs``, that returns the next carry, of the same structure,
            shapes and dtypes, and an output y (None if there is none). It may close over traced values.
        init: the first carry: numbers, arrays, or containers of them.
        xs: an array, or a container of arrays, whose first axes have one length; None if there is none: then ``f`` is
            called with None.
        length: the number of steps, where ``xs`` does not tell.
        reverse: from the last element to the first; y stands where its x does.

    Returns ``(carry, ys)``, with the outputs stacked along a new first axis.

    It computes what a Python loop computes, with the same derivatives of every order. But the backward pass of a loop
    of n steps keeps √n carries and the intermediate values of √n steps, where the Python loop keeps those of all n; it
    evaluates each step once more. Where a single step is large, ``scan(checkpoint(f), …)`` keeps only the carries of
    those √n steps, for one more evaluation; where the carry is large, that is done without being asked.

    Under ``jit`` a loop is one step of the program, with a body that is recorded once, in all modes; its backward pass
    keeps what it reads of all steps, or of large arrays the carries. Where steps differ (Python branches on a traced
    value, something outside changes, random draws) each is recorded as in a Python loop.

    With no step at all ``f`` is called once on zeros, for the shapes of ``ys``.

    Raises TypeError if the carry changes its structure, a shape or a dtype, or an output its structure; ValueError if
    the lengths do not agree.

    >>> import numpy as np
    >>> total, running = scan(lambda c, x: (c + x, c + x), 0.0, np.arange(1.0, 5.0))
    >>> float(total), running
    (10.0, array([ 1.,  3.,  6., 10.]))
    """
    if unknown:
        raise unknown_keyword("scan", unknown)
    check_function("scan", f, "scan(f, init, xs)")
    carry, structure = tree_flatten(init)
    carry = [to_root("scan", number(leaf)) for leaf in carry]
    x_leaves, x_structure = tree_flatten(xs)
    x_leaves = [to_root("scan", leaf) for leaf in x_leaves]
    if xs is None:
        x_leaves, x_structure = [], None
    n = count_steps(x_leaves, length)
    steps = Steps(f, carry, structure, x_structure, reverse)
    if n == 0:
        zeros = [np.zeros(x.shape[1:], x.dtype)[()] for x in x_leaves]
        steps.step(f, tree_unflatten(structure, carry), x_structure and tree_unflatten(x_structure, zeros), [])
        ys = [y if y is None else np.zeros((0, *y.shape), y.dtype) for y in steps.last_y]
        return init, tree_unflatten(steps.y_structure, ys)
    for recorder in recorders:
        outputs = recorder(steps, carry, x_leaves, n)
        if outputs is not None:
            ys = tree_unflatten(steps.y_structure, outputs[len(carry) :])
            return tree_unflatten(structure, outputs[: len(carry)]), ys
    size = math.isqrt(n - 1) + 1 if traces_to_handle() else n
    carry_bytes = sum(x.size * x.dtype.itemsize for x in carry if type(x) in boxers)
    if size < n and size * carry_bytes > BLOCK_BYTES:
        steps.f = checkpoint(functools.update_wrapper(functools.partial(with_own_carry, f), f, updated=()))
    blocks = []
    starts = range(0, n, size)
    for start in reversed(starts) if reverse else starts:
        parts = [x[start : start + size] for x in x_leaves]
        block = functools.partial(steps.run, min(size, n - start))
        outputs = recompute(block, f"a block of scan({steps.name})", steps.f, carry, parts)
        carry = outputs[: len(carry)]
        blocks.append(outputs[len(carry) :])
    if reverse:
        blocks.reverse()
    ys = [None if column[0] is None else join(column) for column in zip(*blocks)]
    return tree_unflatten(structure, carry), tree_unflatten(steps.y_structure, ys)


@border
def fori_loop(lower: int, upper: int, body: Callable, init: Any, **unknown: NoReturn) -> Any:
    """``for i in range(lower, upper): carry = body(i, carry)``, from ``init``; the last carry.

    What :func:`scan` says of the carry and of the backward pass holds here.

    >>> float(fori_loop(0, 5, lambda i, c: c * 2.0, 1.0))
    32.0
    """
    if unknown:
        raise unknown_keyword("fori_loop", unknown)
    check_function("fori_loop", body, "fori_loop(lower, upper, body, init)")
    if wrong := [bound for bound in (lower, upper) if not hasattr(type(bound), "__index__")]:
        way = "fori_loop(lower, upper, body, init)"
        raise TypeError(f"fori_loop: lower and upper are integers, but one is {wrong[0]!r}. Write {way}.")
    lower, upper = operator.index(lower), operator.index(upper)
    if upper <= lower:
        return init

    step = functools.partial(do_step, body)
    functools.update_wrapper(step, body, updated=())
    numbers = np.arange(lower, upper)
    with owning([numbers]):
        return scan(step, init, numbers)[0]


def do_step(body: Callable, carry: Any, i: Any) -> tuple[Any, None]:
    return body(i.item(), carry), None


class Steps:
    """Runs steps of a loop, and checks that each returns what it should."""

    def __init__(self, f: Callable, init: list, structure: Structure, x_structure: Structure | None, reverse: bool):
        self.f = f
        self.name = getattr(f, "__name__", repr(f))
        self.init = init
        self.structure = structure
        self.kinds = [kind_of(leaf) for leaf in init]
        self.x_structure = x_structure
        self.reverse = reverse
        self.y_structure: Structure | None = None
        self.y_shapes: list = []
        self.last_y: list = []

    def run(self, n: int, f: Callable, carry: Sequence, x_leaves: Sequence) -> list:
        """The leaves of the carry after ``n`` steps of ``f``, and those of the stacked outputs."""
        carry = [writable(leaf) for leaf in carry]
        rows: list = []
        for k in reversed(range(n)) if self.reverse else range(n):
            carry = self.turn(f, carry, [element(leaf, k) for leaf in x_leaves], rows)
        if self.reverse:
            rows.reverse()
        return carry + [stack(column) for column in zip(*rows)]

    def turn(self, f: Callable, carry: Sequence, x_leaves: Sequence, rows: list) -> list:
        """One step of leaves."""
        x = None if self.x_structure is None else tree_unflatten(self.x_structure, x_leaves)
        return self.step(f, tree_unflatten(self.structure, carry), x, rows)

    def step(self, f: Callable, carry: Any, x: Any, rows: list) -> list:
        """One step: the leaves of the next carry. Those of its output go to ``rows``."""
        answer = f(carry, x)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise TypeError(f"scan: {self.name} returned {describe(answer)}, not (carry, y) ({caller_line()}).")
        carry, y = answer
        leaves = check_carry("scan", self.name, carry, self.structure, self.kinds)
        y_leaves, y_structure = tree_flatten(y)
        for leaf in y_leaves:
            if leaf is not None and type(leaf) not in boxers:
                raise TypeError(f"scan: {self.name} returned {describe(leaf)} as output, not numbers, arrays or None.")
        self.last_y = [own(number(leaf)) for leaf in y_leaves]
        shapes = [None if y is None else y.shape for y in self.last_y]
        if self.y_structure is None:
            self.y_structure, self.y_shapes = y_structure, shapes
        elif y_structure != self.y_structure or shapes != self.y_shapes:
            raise TypeError(
                f"scan: {self.name} returned the output {y_structure} of shapes {shapes}, but before "
                f"{self.y_structure} of shapes {self.y_shapes} ({caller_line()})."
            )
        rows.append(self.last_y)
        return leaves


def count_steps(x_leaves: Sequence, length: int | None) -> int:
    for x in x_leaves:
        if not np.shape(x):
            way = "it is looped over along its first axis. Write scan(f, init, xs)"
            raise TypeError(f"scan: xs holds {describe(x)} without axes; {way}.")
    lengths = {int(np.shape(x)[0]) for x in x_leaves}
    if length is not None:
        lengths.add(operator.index(length))
    if len(lengths) > 1:
        given = "" if length is None else f", and length={length}"
        found = ", ".join(str(np.shape(x)[0]) for x in x_leaves)
        raise ValueError(f"scan: the lengths do not agree: those of xs are {found}{given}.")
    if not lengths:
        raise ValueError("scan: xs is None; say with length= how many steps there are.")
    return lengths.pop()


def with_own_carry(f: Callable, carry: Any, x: Any) -> Any:
    """A step that may write into its carry, as other steps may: into a copy."""
    leaves, structure = tree_flatten(carry)
    return f(tree_unflatten(structure, list(map(writable, leaves))), x)


def element(leaf: Any, k: int) -> Any:
    """Element ``k`` of ``xs``, which may not be written into: the array would change."""
    x = leaf[k]
    if type(x) is np.ndarray:
        x.flags.writeable = False
    return x


def stack(column: Sequence) -> Any:
    """The outputs of some steps as one array."""
    first = column[0]
    if first is None:
        return None
    are_arrays = first.shape or is_foreign(first) or any(map(is_box, column))
    return anp.stack(column) if are_arrays else np.array(column)


def join(column: Sequence) -> Any:
    return column[0] if len(column) == 1 else anp.concatenate(column)
