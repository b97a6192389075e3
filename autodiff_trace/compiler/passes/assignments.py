"""Assignment to items is done in place, where no one needs the array as it was."""

from __future__ import annotations

from .. import calls
from ..node import Node, Program, rebuild
from .memory import OWN_MEMORY, find_last_uses, find_roots

__all__ = ["assign_in_place"]


def assign_in_place(program: Program) -> Program:
    """The program without the copies before an assignment whose original is not read again.

    A loop that fills an array of n elements would otherwise copy n² of them.
    """
    targets = {step.args[0] for step in program.steps if step.function is calls.assign}
    if not targets:
        return program
    roots = find_roots(program)
    last_uses = find_last_uses(program, roots)
    returned = {root for output in program.outputs if type(output) is Node for root in roots.get(output, ())}
    needless = set()
    for i, step in enumerate(program.steps):
        if step in targets and step.function is calls.copy:
            owner = find_owner(step.args[0])
            if owner not in returned and last_uses.get(owner) == i and owns_memory(owner):
                needless.add(step)
    originals = iter(program.steps)
    return rebuild(program, lambda step: step.args[0] if next(originals) in needless else step)


def find_owner(x: Node) -> Node:
    """The step that made the array which ``x`` is, maybe after it has been written into."""
    while x.function in (calls.assign, calls.after):
        x = x.args[0]
    return x


def owns_memory(step: Node) -> bool:
    """Whether a step surely makes an array that can be written into."""
    return step.kind == "call" and (calls.out_position(step.function) is not None or step.function in OWN_MEMORY)
