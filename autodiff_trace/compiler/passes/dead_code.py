"""Dead code: steps on which nothing depends are left out."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from ...core.selections import moving
from ...numpy import lapack, selections, wrapped
from .. import calls
from ..loop import Loop, result
from ..node import Node, Program, operands, parts_of, relabel

__all__ = ["may_raise", "remove_dead_code"]


def remove_dead_code(program: Program) -> Program:
    """The program without the steps that no output, guard or effect needs and that cannot raise an error."""
    needed = {output for output in program.outputs if type(output) is Node}
    kept = []
    new: dict[Node, Node] = {}
    results: dict[Node, dict[int, Node]] = {}  # of a loop, those that are needed
    for step in reversed(program.steps):
        if type(step.function) is Loop:
            step = remove_from_body(step, results.get(step, {}), new)
            if step is None:
                continue
        elif step.function is result and step in needed:
            results.setdefault(step.args[0], {})[step.args[1]] = step
        if must_stay(step, needed):
            kept.append(step)
            needed.update(operands(step))
    if not new:
        return Program(program.inputs, kept[::-1], program.outputs)
    steps = []
    for step in reversed(kept):
        steps.append(new.get(step, step).rewire(new))
    return Program(program.inputs, steps, relabel(program.outputs, new))


def remove_from_body(step: Node, results: dict[int, Node], new: dict[Node, Node]) -> Node | None:
    """The step of a loop that gives these results alone; None if it does nothing at all. ``new`` notes what takes their
    place."""
    loop, body = step.function, step.function.body
    wanted = sorted(results)
    outputs = [body.outputs[loop.carried + i] for i in wanted]
    carried: list[int] = []
    while True:  # what is carried may be needed only for something else that is
        needed = {*outputs, *[body.outputs[i] for i in carried]}
        kept = []
        for each in reversed(body.steps):
            if must_stay(each, needed):
                kept.append(each)
                needed.update(operands(each))
        found = [i for i in range(loop.carried) if body.inputs[i] in needed]
        if found == carried:
            break
        carried = found
    inputs = [i for i, node in enumerate(body.inputs) if node in needed]
    if not kept and not wanted:
        return None
    if len(inputs) == len(body.inputs) and len(kept) == len(body.steps) and len(wanted) == len(step.value):
        return step
    own = sum([loop.carried <= i < loop.carried + loop.own for i in inputs])
    outputs = [*[body.outputs[i] for i in carried], *outputs]
    smaller = Loop(loop.turns, Program([body.inputs[i] for i in inputs], kept[::-1], outputs), len(carried), own,
                   sum([i < loop.kept for i in wanted]))
    args = tuple([step.args[i] for i in inputs])
    new_step = Node(smaller, args, {}, tuple([step.value[i] for i in wanted]), "loop")
    for place, i in enumerate(wanted):
        new[results[i]] = Node(result, (new_step, place), {}, results[i].value, "result")
    return new_step


def must_stay(step: Node, needed: set[Node]) -> bool:
    """Whether something needs a step, or it does more than to give a value."""
    return step in needed or step.kind != "call" or may_raise(step)


def may_raise(step: Node) -> bool:
    """Whether a step can fail for some values, as a program without jit would."""
    if not is_harmless(step.function) or step.function in DIVISIONS and type(step.value) in (int, float, complex):
        return True
    if step.function in POWERS and step.value.dtype.kind in "iu":
        return True  # of a negative exponent
    indices = [part for part in index_parts(step) if type(part) is Node and part.value.dtype.kind in "iu"]
    return any(index.function is not calls.check_labels for index in indices)


def index_parts(step: Node) -> tuple:
    """The parts of the index by which a step reads or writes items."""
    if step.function not in INDEXING:
        return ()
    return parts_of(step.args[1])


def is_harmless(function: Callable) -> bool:
    return (
        isinstance(function, np.ufunc)
        or calls.is_known(function)
        or getattr(function, "__module__", None) == "_operator"
        or function in HARMLESS
        or function in moving
    )


INDEXING = {calls.getitem, calls.assign, wrapped.add_at.fun, wrapped.set_item.fun, wrapped.write_item.fun}

DIVISIONS = {operator.truediv, operator.floordiv, operator.mod, operator.pow}
"""Operators that fail for some of Python's numbers: division by zero, powers that are too large."""

POWERS = {operator.pow, np.power}

HARMLESS = {
    np.ones_like, np.zeros_like, np.broadcast_to, np.ravel, np.squeeze, np.expand_dims, np.concatenate, np.stack,
    np.array, np.argmax, np.argmin, np.cumsum, np.diagonal, np.real, np.imag, np.sort, np.argsort, np.mean, np.sum,
    np.prod, np.flip, np.tensordot, np.any, np.all, lapack.det, lapack.slogdet,
    selections.beside.fun, selections.ones_beside.fun, selections.restrict.fun, wrapped.astype.fun,
}
