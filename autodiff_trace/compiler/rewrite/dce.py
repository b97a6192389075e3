"""Dead code: steps on which nothing depends are left out."""

from __future__ import annotations

from ...core.traits import traits_of
from ..backends.numpy_source import calls
from ..ir.loop import Loop, result
from ..ir.node import Node, Program, operands, parts_of, relabel
from ..ir.spec import Spec

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
        if step in needed or must_stay(step, needed):
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
    repeated = repeated_reads(body.steps)
    while True:  # what is carried may be needed only for something else that is
        needed = {*outputs, *[body.outputs[i] for i in carried]}
        kept = []
        for each in reversed(body.steps):
            if each in needed or each not in repeated and must_stay(each, needed):
                kept.append(each)
                needed.update(operands(each))
        found = [i for i in range(loop.carried) if body.inputs[i] in needed]
        if found == carried:
            break
        carried = found
    inputs = [i for i, node in enumerate(body.inputs) if node in needed]
    if not kept and not wanted:
        return None
    if len(inputs) == len(body.inputs) and len(kept) == len(body.steps) and len(wanted) == len(step.spec.items):
        return step
    own = sum([loop.carried <= i < loop.carried + loop.own for i in inputs])
    outputs = [*[body.outputs[i] for i in carried], *outputs]
    smaller = Loop(loop.turns, Program([body.inputs[i] for i in inputs], kept[::-1], outputs), len(carried), own,
                   sum([i < loop.kept for i in wanted]))
    args = tuple([step.args[i] for i in inputs])
    new_step = Node(smaller, args, {}, Spec(tuple, (), None, (), tuple([step.spec.items[i] for i in wanted])), "loop")
    for place, i in enumerate(wanted):
        new[results[i]] = Node(result, (new_step, place), {}, results[i].spec, "result")
    return new_step


def repeated_reads(steps: list[Node]) -> set[Node]:
    """The steps that read or write items at places at which a step before has read items of an array of the same
    shape: of masks that are carried beside cotangents. They cannot fail, as that step has not."""
    seen: set[tuple] = set()
    found = set()
    for step in steps:
        if traits_of(step.function).indexes and type(step.args[0]) is Node:
            key = step.args[0].spec.shape, parts_of(step.args[1])
            try:
                if key in seen:
                    found.add(step)
                seen.add(key)
            except TypeError:  # an array in the index, or a slice
                continue
    return found


def must_stay(step: Node, needed: set[Node]) -> bool:
    """Whether something needs a step, or it does more than to give a value."""
    return step in needed or step.kind != "call" or may_raise(step)


def may_raise(step: Node) -> bool:
    """Whether a step can fail for some values, as a program without jit would."""
    traits = traits_of(step.function)
    if not traits.harmless or traits.raises_on and kind_of(step.spec) in traits.raises_on:
        return True
    parts = parts_of(step.args[1]) if traits.indexes else ()
    indices = [part for part in parts if type(part) is Node and (part.spec.kind is int or part.spec.dtype.kind in "iu")]
    return any(index.function is not calls.check_labels for index in indices)


def kind_of(spec: Spec) -> str:
    """The kind of the dtype of a value; "n" for Python's numbers, of which NumPy's have none."""
    return "n" if spec.dtype is None else spec.dtype.kind
