"""Partition: which steps of a program are run together as regions, few and large.

Regions split where they must: where a step that only NumPy computes needs what one of them gives, and is needed by the
next; and at the guards and effects outside of them, which no later step may overtake. Views are of both sides: each
region, and NumPy, makes those that it reads from the array that they lie in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...analysis.liveness import find_roots, is_in_first
from ...ir.loop import Loop, read_each, read_floats, result, stack_turns, turn_of
from ...ir.node import LIVE, Node, Program, is_fixed, operands, parts_of, relabel, spec_at
from ...ir.region import Region
from ...ir.spec import Spec
from ..numpy_source import calls
from .phases import Phases
from .views import find_view

__all__ = ["find_regions", "is_worth", "share_of_regions"]

NUMBERS = (bool, int, float, complex)

FEWEST = 2
"""Steps that compute something for which a region pays: the call of one costs as much as one of NumPy's."""

CALL = 300
"""Nanoseconds that a call of NumPy's takes, however small its arrays are."""

NO_VIEWS = (calls.assign, calls.after, calls.check_labels, result, turn_of, read_each, read_floats, stack_turns)
"""What gives, or reads from, its first argument, and is no view of an array: a region computes it like others."""


def is_worth(region: Program) -> bool:
    """Whether a region pays."""
    work = [step for step in region.steps if step.kind == "call" and step.function not in (*calls.VIEWS, result)]
    return len(work) >= FEWEST or any(type(step.function) is Loop for step in work)


def share_of_regions(program: Program) -> float:
    """Which part of the work of a program is that of its regions, more or less."""
    inside = sum([work_of(step.function.program.steps) for step in program.steps if type(step.function) is Region])
    outside = work_of([step for step in program.steps if type(step.function) is not Region])
    return inside / max(inside + outside, 1)


def work_of(steps: list[Node]) -> int:
    """What steps take, in nanoseconds or so: a call, and elements."""
    work = 0
    for step in steps:
        if type(step.function) is Loop:
            work += step.function.turns * work_of(step.function.body.steps)
        elif step.kind == "call" and step.function not in (*calls.VIEWS, result):
            work += CALL + step.spec.size
    return work


def find_regions(
    program: Program, accepts: Callable[[Node], bool], worth: Callable[[Program], bool] = is_worth,
) -> Program:
    """The program with regions as steps in the place of those of their steps; the very program if there are none.

    ``accepts`` says of a step (a call, or a guard) whether it can be one of a region, ``worth`` whether a region pays.
    """
    partition = Partition(program, accepts)
    while partition.native:
        phases = partition.schedule()
        regions = {id(phase): partition.make_region(phase) for kind, phase in phases if kind}
        poor = [step for _, phase in phases if id(phase) in regions and not worth(regions[id(phase)][0])
                for step in phase]
        if not poor:
            return partition.rebuild(phases, regions)
        partition.give_up(poor)
    return program


class Partition:
    """The steps of a program: those that may be in regions, ``native``, their ``views``, and the others."""

    def __init__(self, program: Program, accepts: Callable[[Node], bool]) -> None:
        self.program = program
        self.roots = find_roots(program)
        self.native: set[Node] = set()
        for step in program.steps:
            if self.may_be_native(step, accepts):
                self.native.add(step)
        self.settle()

    def may_be_native(self, step: Node, accepts: Callable[[Node], bool]) -> bool:
        if step.kind == "guard":  # of a value that is native itself
            return step.function is bool and step.args[0] in self.native and accepts(step)
        if step.kind != "call":
            return False
        known = all(self.is_known(each) for each in operands(step))
        if step.function is calls.getitem and any(is_mask(part) for part in parts_of(step.args[1])):
            return False  # how many elements it gives is known when it has run
        if step.function is result:
            return known and step.args[0] in self.native
        return known and (is_value(step.spec) or step.spec.is_sequence) and accepts(step)

    def is_known(self, operand: Node) -> bool:
        """Whether a region can have an operand: a value that it takes, one of its own, or the same in each run."""
        return is_value(operand.spec) or operand in self.native or operand.kind == "constant" and is_fixed(operand)

    def settle(self) -> None:
        """Leave out steps until each tuple or list stays within one region, and no result of a loop that leaves one is
        an array that is known by another name."""
        users, kept = self.program.users, self.program.kept
        outside = self.under_outputs()
        changed = True
        while changed:
            changed = False
            for step in self.program.steps:
                if step not in self.native:
                    continue
                if not all(self.is_known(each) for each in operands(step)):
                    is_fine = False
                elif step.spec.is_sequence:
                    is_fine = step not in kept and all(each in self.native for each in users.get(step, ()))
                    if is_fine and type(step.function) is Loop:
                        results = [each for each in users.get(step, ()) if each in outside]
                        is_fine = are_apart(step.function, [each.args[1] for each in results])
                else:
                    is_fine = step.kind != "guard" or step.args[0] in self.native
                if not is_fine:
                    self.native.discard(step)
                    changed = True
        self.views = {step for step in self.native if self.is_view(step)}

    def under_outputs(self) -> set[Node]:
        """The results of loops, arrays, in whose memory outputs of the program may lie."""
        found: set[Node] = set()
        pending = [node for node in self.program.kept if node.spec.is_array]
        while pending:
            node = pending.pop()
            if node not in found and node.kind == "call":
                found.add(node)
                if is_in_first(node.function) and node.function is not result:
                    pending += [each for each in operands(node) if each.spec.is_array]
        return {each for each in found if each.function is result}

    def give_up(self, steps: list[Node]) -> None:
        self.native.difference_update(steps)
        self.settle()

    def is_view(self, step: Node) -> bool:
        if not step.spec.is_array or step.kind != "call" or step.function in NO_VIEWS:
            return False
        first = step.args[0] if step.args else None
        if step.function is np.broadcast_to and not spec_at(first).is_array:
            return True  # no new array has its strides
        if type(first) is not Node or not first.spec.is_array:
            return False
        return find_view(step) is not None or is_in_first(step.function) and step not in self.roots.get(step, (step,))

    def with_views(self, nodes: list[Node]) -> list[Node]:
        """These nodes, and what the views among them are made from, in the order of the program."""
        found: set[Node] = set()
        pending = list(nodes)
        while pending:
            node = pending.pop()
            if node not in found:
                found.add(node)
                if node in self.views:
                    pending += operands(node)
        return sorted(found, key=lambda node: self.program.numbers.get(node, -1)) if len(found) > 1 else list(found)

    def schedule(self) -> list[tuple[bool, list[Node]]]:
        """The steps in the order in which they can run, in phases: of NumPy (False), and regions (True)."""
        while True:
            phases, left = Phases(self).run()
            if not left:
                return phases
            self.give_up([step for step in left if step in self.native and step.spec.is_sequence])

    def make_region(self, members: list[Node]) -> tuple[Program, list[Node], list[Node]]:
        """The program of a region, the nodes that are its arguments, and the steps that its outputs stand for."""
        inside = set(members)
        new: dict[Node, Node] = {}
        steps: list[Node] = []
        arguments: list[Node] = []

        for step in members:
            for node in self.with_views(operands(step)):
                if node in new or node in inside or node.kind == "constant" and node.name != LIVE:
                    continue
                if node in self.views:
                    new[node] = node.relabelled(new)
                    steps.append(new[node])
                else:
                    new[node] = Node(None, (), {}, node.spec, node.name, "input")
                    arguments.append(node)
            new[step] = step.relabelled(new)
            steps.append(new[step])
        places = {node: i for i, node in enumerate(self.program.inputs)}
        arguments.sort(key=lambda node: places.get(node, len(places)))
        leaving = [step for step in members if step.kind != "guard" and not step.spec.is_sequence
                   and self.leaves(step, inside)]
        outputs = [new[step] for step in leaving]
        return Program([new[node] for node in arguments], steps, outputs), arguments, leaving

    def leaves(self, step: Node, inside: set[Node]) -> bool:
        """Whether something outside needs a step, or a view of it."""
        pending = [step]
        for node in pending:
            if node in self.program.kept:
                return True
            for user in self.program.users.get(node, ()):
                if user in self.views:
                    pending.append(user)
                elif user not in inside:
                    return True
        return False

    def rebuild(self, phases: list[tuple[bool, list[Node]]], regions: dict[int, tuple]) -> Program:
        new: dict[Node, Node] = {}
        steps: list[Node] = []
        placed: set[Node] = set()

        def place_views(nodes: list[Node]) -> None:
            for node in self.with_views(nodes):
                if node in self.views and node not in placed:
                    placed.add(node)
                    steps.append(node.rewire(new))

        for kind, phase in phases:
            if not kind:
                for step in phase:
                    place_views(operands(step))
                    steps.append(step.rewire(new))
                continue
            program, arguments, leaving = regions[id(phase)]
            step, *results = Region(program).steps(relabel(arguments, new))
            steps += [step, *results]
            new.update(zip(leaving, results))
        place_views([node for node in self.program.outputs if type(node) is Node])
        return Program(self.program.inputs, steps, relabel(self.program.outputs, new))


def is_value(spec: Spec) -> bool:
    """Whether regions take and give values like this: arrays, and numbers."""
    return spec.dtype.kind in "fciub" and spec.dtype.isnative if spec.dtype is not None else spec.kind in NUMBERS


def is_mask(part: object) -> bool:
    spec = spec_at(part)
    return spec.dtype is not None and spec.dtype.kind == "b" and spec.is_array


def are_apart(loop: Loop, places: list[int]) -> bool:
    """Whether these results of a loop, arrays of the last turn, lie in memory of their own and of no argument."""
    body = loop.body
    roots = find_roots(body)
    seen: set[Node] = set()
    for place in places:
        output = body.outputs[loop.carried + place]
        found = roots.get(output, frozenset((output,)))
        if place >= loop.kept and any(root.kind != "call" for root in found) or not seen.isdisjoint(found):
            return False
        seen |= found
    return True
