"""Fusion: elementwise steps on large arrays, and the reductions that close them, become kernels that run in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ...core.traits import traits_of
from ..backends.numpy_source import calls
from ..ir.memory import Memory
from ..ir.kernel import Kernel
from ..ir.node import Node, Program, operands, relabel, substitute
from ..ir.spec import Spec, array_spec
from .buffers import assign_buffers, describe
from ..analysis.liveness import find_roots
from ..analysis.row_independence import ROW, row_operands, row_step

__all__ = ["fuse"]

LARGE = 2**18
"""Bytes. Smaller arrays stay in cache anyway, and other threads cost more than they save."""

WORTH = 50_000
"""Nanoseconds of work for which a kernel pays."""

BLOCK = 2**15
"""Elements of the largest row value in a block. Longer ones leave the caches; between the calls for shorter ones
threads wait for each other (for Python's lock)."""


def fuse(program: Program) -> Program:
    """The program with kernels in the place of runs of steps on large arrays."""
    steps: list[Node] = []
    pending = program.steps
    moved: dict[Node, Node] = {}
    places = {step: i for i, step in enumerate(pending)}
    roots = cache(lambda: find_roots(program))
    while pending:
        start = next((i for i, step in enumerate(pending) if is_large(step)), len(pending))
        steps += pending[:start]
        pending = pending[start:]
        if pending:
            group = Group(pending, program.outputs)
            group.leave_for_later(places, roots)
            if group.pays():
                steps += group.before
                steps += group.make_steps(moved)
                pending = group.later
            else:
                steps.append(pending[0])
                pending = pending[1:]
    if not moved:
        return program
    return relink(Program(program.inputs, steps, program.outputs), moved)


def is_large(step: Node) -> bool:
    """Whether a step may begin a kernel."""
    return (
        step.kind == "call"
        and step.spec.is_array
        and step.spec.nbytes >= LARGE
        and step.spec.shape[0] > 1
        and row_step(step, step.spec.shape[0]) == ROW
    )


class Group:
    """The steps that can run together with the first of ``pending``: ``before`` and ``later`` are the others."""

    def __init__(self, pending: list[Node], outputs: list) -> None:
        self.length = pending[0].spec.shape[0]
        self.members: list[Node] = []
        self.closing: list[Node] = []
        self.before: list[Node] = []
        self.later: list[Node] = []
        inside: set[Node] = set()
        late: set[Node] = set()
        for i, step in enumerate(pending):
            if step.kind != "call":  # guards and effects stay where they are
                self.later += pending[i:]
                break
            used = set(operands(step))
            kind = row_step(step, self.length) if not used & late else None
            rows = row_operands(step, self.length) if kind else ()
            if kind and used & inside <= set(rows):  # a step that reads all rows has to wait for the kernel's end
                if kind == ROW:
                    self.members.append(step)
                    inside.add(step)
                    continue
                if used & inside:
                    self.closing.append(step)
                    late.add(step)
                    continue
            if used & inside or used & late:
                late.add(step)
                self.later.append(step)
            else:
                self.before.append(step)
        self.outputs = outputs
        self.fewest = 2  # steps that pay

    def leave_for_later(self, places: dict[Node, int], roots: Callable[[], dict]) -> None:
        """Let members wait that come after large steps which need this group, and are made of what is kept anyway for
        most of the time till then.

        Their results would take memory all the while: the slope of an activation, from the forward to the backward
        pass of a net, beside the activation (a net of 50 layers takes half of the memory).
        """
        first = next((places[step] for step in self.later if self.is_apart(step)), len(places))
        if places[self.members[-1]] < first:
            return
        here, memory = places[self.members[0]], roots()
        uses = [(places[step], operand) for step in self.later for operand in operands(step)]
        uses += [(len(places), output) for output in self.outputs if type(output) is Node]
        last_use = {root: place for place, operand in uses for root in memory.get(operand, ())}
        waiting = {step for step in self.members if places[step] > first}
        needed = {operand for step in self.closing for operand in operands(step)}
        for step in reversed(self.members):  # a step that does not wait needs its operands
            if step in needed:
                waiting.discard(step)
            if step not in waiting:
                needed.update(operands(step))
        for step in self.members:
            if step in waiting and not all(
                operand in waiting or operand.kind != "call" or operand.spec.nbytes < LARGE
                or all(2 * last_use.get(root, -1) > here + places[step] for root in memory.get(operand, ()))
                for operand in operands(step)
            ):
                return
        self.members = [step for step in self.members if step not in waiting]
        self.fewest = 1  # one alone is still done on all cores
        self.later = sorted([*self.later, *waiting], key=places.__getitem__)

    def is_apart(self, step: Node) -> bool:
        """Whether a step is large, and in no kernel."""
        return (step.kind == "call" and step.spec.is_array and step.spec.nbytes >= LARGE
                and row_step(step, self.length) != ROW)

    def pays(self) -> bool:
        """Whether there is more than one block, and enough to do in each."""
        largest = max(step.spec.size for step in self.members)
        self.block = max(1, BLOCK * self.length // largest)
        blocks = -(-self.length // self.block)
        self.block = -(-self.length // blocks)
        self.work = self.estimate_work()
        return blocks > 1 and len(self.work) >= self.fewest and sum(self.work) > WORTH

    def estimate_work(self) -> list[float]:
        """Nanoseconds on one thread that each step takes, more or less."""
        steps = (*self.members, *self.closing)
        return [max(sizes_of(step)) * traits_of(step.function).cost for step in steps]

    def take_views_out(self, wanted: set[Node]) -> list[Node]:
        """The views among what is wanted, to be made of results of the kernel, where copies of them would be more."""
        views_of: dict[Node, list[Node]] = {}
        for step in self.members:
            if step.function in calls.VIEWS:
                views_of.setdefault(step.args[0], []).append(step)
        outside = set()
        for base in reversed(self.members):
            views = [view for view in views_of.get(base, ()) if view in wanted]
            if views and (base in wanted or sum(view.spec.size for view in views) >= base.spec.size):
                wanted.add(base)
                outside.update(views)
        wanted -= outside
        used = {operand for step in (*self.members, *self.closing) for operand in operands(step)}
        views = [step for step in self.members if step in outside]
        self.members = [step for step in self.members if step not in outside or step in used]
        return views

    def make_steps(self, moved: dict[Node, Node]) -> Iterator[Node]:
        """The kernel's call, with what it needs before and after; ``moved`` gets what stands for its results."""
        wanted = {output for output in self.outputs if type(output) is Node}
        wanted.update(operand for step in self.later for operand in operands(step))
        views = self.take_views_out(wanted)
        results = [step for step in self.members if step in wanted]
        parameters: dict[tuple[Node, bool], Node] = {}
        inside: dict[Node, Node] = {}

        def make_inner(step: Node) -> Node:
            rows = set(row_operands(step, self.length))

            def inner(arg: Any) -> Any:
                if type(arg) is not Node or arg.kind == "constant" and arg not in rows:
                    return arg
                if arg in inside:
                    return inside[arg]
                key = arg, arg in rows
                if key not in parameters:
                    parameters[key] = Node(None, (), {}, arg.spec, arg.name, "input")
                return parameters[key]

            args = on_block(step, substitute(step.args, inner))
            inside[step] = Node(step.function, args, {}, step.spec, step.name, "call", step.errstate)
            return inside[step]

        steps = [make_inner(step) for step in (*self.members, *self.closing)]
        ends = [inside[step] for step in (*results, *self.closing)]
        buffers, numbers = assign_buffers(Program(list(parameters.values()), steps, ends))
        rows = [key for key in parameters if key[1]]
        others = [key for key in parameters if not key[1]]
        kernel = Kernel(
            self.length, self.block, [parameters[key] for key in rows], [parameters[key] for key in others],
            self.work, steps, [inside[step] for step in results], [inside[step] for step in self.closing],
            Memory([each._replace(shape=(self.block, *each.shape[1:])) for each in buffers], numbers),
        )
        arrays = [make_array(step.spec) for step in results]
        blocks = kernel.plan.blocks
        partials = [make_array(array_spec((blocks, *step.spec.shape), step.spec.dtype)) for step in self.closing]
        yield from (*arrays, *partials)
        args = (*(key[0] for key in rows), *(key[0] for key in others), *arrays, *partials)
        call = Node(kernel, args, {}, None, "blocks")
        yield call
        for step, array in zip(results, arrays):
            moved[step] = Node(calls.after, (array, call), {}, step.spec, step.name)
            yield moved[step]
        for step in views:
            moved[step] = step.relabelled(moved)
            yield moved[step]
        for step, partial in zip(self.closing, partials):
            ready = Node(calls.after, (partial, call), {}, partial.spec, step.name)
            yield ready
            moved[step] = Node(step.function, (ready, 0, None, None, False), {}, step.spec, step.name)
            yield moved[step]


def sizes_of(step: Node) -> list[int]:
    """The elements of what a step reads and makes."""
    return [step.spec.size, *(operand.spec.size for operand in operands(step))]


def on_block(step: Node, args: tuple) -> tuple:
    """The arguments of a step for a block, which may have any number of rows."""
    if step.function in (calls.reshape, calls.fill):
        return args[0], (-1, *args[1][1:])
    return args


def make_array(spec: Spec) -> Node:
    """The step that makes an array, to be written by a kernel."""
    return Node(calls.empty, tuple(describe(spec)), {}, spec, "empty")


def relink(program: Program, moved: dict[Node, Node]) -> Program:
    """The program with operands replaced by what stands for them after fusion."""
    new = dict(moved)
    replaced = {stand_in: step for step, stand_in in moved.items()}
    steps = []
    for step in program.steps:
        steps.append(step.relabelled(new))
        if steps[-1] is not step:
            new[step] = steps[-1]
            if step in replaced:
                new[replaced[step]] = steps[-1]
    return Program(program.inputs, steps, relabel(program.outputs, new))
