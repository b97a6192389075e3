"""Buffers: intermediate arrays are written into memory that is kept between runs and used again within one."""

from __future__ import annotations

from ..backends.numpy_source import calls
from ..ir.node import Node, Program
from ..ir.spec import Spec
from ..ir.memory import Buffer, Memory
from ..analysis.liveness import find_last_uses, find_roots

__all__ = ["assign_buffers", "describe"]


def assign_buffers(program: Program) -> Memory:
    """The buffers of a program, and which steps write into them.

    A value that may be returned, or of which a view may be, gets memory of its own in each run.
    """
    takers = {step for step in program.steps if takes_buffer(step)}
    if not takers:
        return Memory([], {})
    roots = find_roots(program)
    escaping = {root for output in program.outputs if type(output) is Node for root in roots.get(output, ())}
    last_use = find_last_uses(program, roots)
    buffers: list[Buffer] = []
    free = FreeBuffers()
    free_like: dict[Node, list[int]] = {}  # the same, by a step that takes one
    taken: dict[Node, int] = {}
    owned: dict[Node, int] = {}
    ends: dict[int, list[Node]] = {}
    for root, i in last_use.items():
        if root in takers:
            ends.setdefault(i, []).append(root)
    for i, step in enumerate(program.steps):
        dying = [root for root in ends[i] if root in owned] if i in ends else ()
        if step in takers:
            kind, numbers = free.like(step.spec)
            free_like[step] = numbers
            if calls.is_elementwise_ufunc(step.function):  # it reads each element before it writes it
                for root in dying:
                    if free_like[root] is numbers and root in step.args:
                        numbers.append(owned.pop(root))
            if step not in escaping:
                if not numbers:
                    numbers.append(len(buffers))
                    buffers.append(kind)
                taken[step] = owned[step] = numbers.pop()
                if step not in last_use:  # nothing reads it, but it may raise an error
                    numbers.append(owned.pop(step))
        for root in dying:
            if root in owned:
                free_like[root].append(owned.pop(root))
    return Memory(buffers, taken)


class FreeBuffers:
    """The numbers of the buffers that can be taken, by what they hold."""

    def __init__(self) -> None:
        self.kinds: dict[Buffer, list[int]] = {}
        self.known: dict[Spec, tuple[Buffer, list[int]]] = {}

    def like(self, spec: Spec) -> tuple[Buffer, list[int]]:
        """What can hold such an array, and the numbers of those that are free."""
        found = self.known.get(spec)
        if found is None:
            kind = describe(spec)
            found = self.known[spec] = kind, self.kinds.setdefault(kind, [])
        return found


def takes_buffer(step: Node) -> bool:
    """Whether a step can write its result, an array, into one that it has not been given yet."""
    return (
        step.kind == "call"
        and not step.kwargs
        and step.spec.is_array
        and step.spec.size > 0
        and not step.spec.dtype.hasobject
        and (position := calls.out_position(step.function)) is not None
        and (len(step.args) <= position or step.args[position] is None)
    )


def describe(spec: Spec) -> Buffer:
    """The buffer that can hold such an array, with the order of axes in memory that NumPy gave it."""
    axes = range(spec.ndim) if spec.is_contiguous else sorted(range(spec.ndim), key=lambda i: -abs(spec.strides[i]))
    return Buffer(spec.shape, spec.dtype, tuple(axes))
