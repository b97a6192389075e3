"""Partition: which steps of a program are run together as regions, few and large.

Regions split where they must: where a step that only NumPy computes needs what one of them gives, and is needed by the
next; and at the guards and effects outside of them, which no later step may overtake. Views are of both sides: each
region, and NumPy, makes those that it reads from the array that they lie in.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from ...analysis.liveness import find_roots, is_in_first
from ...ir.loop import Loop, read_each, result, turn_of
from ...ir.node import LIVE, Node, Program, operands, relabel, spec_at
from ...ir.region import Region
from ...ir.spec import Spec
from ..numpy_source import calls

__all__ = ["find_regions", "is_worth"]

NUMBERS = (bool, int, float, complex)

FEWEST = 2
"""Steps that compute something for which a region pays: the call of one costs as much as one of NumPy's."""

NO_VIEWS = (calls.assign, calls.after, result, turn_of, read_each)
"""What gives, or reads from, its first argument, and is no view of an array: a region computes it like others."""


def is_worth(region: Program) -> bool:
    """Whether a region pays."""
    work = [step for step in region.steps if step.kind == "call" and step.function not in (*calls.VIEWS, result)]
    return len(work) >= FEWEST or any(type(step.function) is Loop for step in work)


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
        self.roots = find_roots(program, guess=False)
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
        known = all(is_value(each.spec) or each in self.native for each in operands(step))
        if step.function is result:
            return known and step.args[0] in self.native
        return known and (is_value(step.spec) or step.spec.is_sequence) and accepts(step)

    def settle(self) -> None:
        """Leave out steps until each tuple or list stays within one region, and no result of a loop that leaves one is
        an array that is known by another name."""
        users, kept = self.program.users, self.program.kept
        changed = True
        while changed:
            changed = False
            for step in self.program.steps:
                if step not in self.native:
                    continue
                if not all(is_value(each.spec) or each in self.native for each in operands(step)):
                    is_fine = False
                elif step.spec.is_sequence:
                    is_fine = step not in kept and all(each in self.native for each in users.get(step, ()))
                    if is_fine and type(step.function) is Loop:
                        results = [each for each in users.get(step, ()) if each.function is result]
                        is_fine = are_apart(step.function, [each.args[1] for each in results if each.spec.is_array])
                else:
                    is_fine = step.kind != "guard" or step.args[0] in self.native
                if not is_fine:
                    self.native.discard(step)
                    changed = True
        self.views = {step for step in self.native if self.is_view(step)}

    def give_up(self, steps: list[Node]) -> None:
        self.native.difference_update(steps)
        self.settle()

    def is_view(self, step: Node) -> bool:
        if not step.spec.is_array or step.kind != "call" or step.function in NO_VIEWS or not is_in_first(step.function):
            return False
        first = step.args[0]
        if step.function is np.broadcast_to and not spec_at(first).is_array:
            return True  # no new array has its strides
        return type(first) is Node and first.spec.is_array and step not in self.roots.get(step, (step,))

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
            phases, left = Scheduling(self).run()
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


class Scheduling:
    """Takes all steps that NumPy can run, then all that a region can take, and so on: no order has fewer regions that
    begins so. A tuple or list and all that reads it are one unit."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.steps = [step for step in partition.program.steps if step not in partition.views]
        self.unit: dict[Node, Node] = {}
        for step in self.steps:
            first = [self.unit[each] for each in operands(step) if each.spec.is_sequence and each in partition.native]
            self.unit[step] = first[0] if first and step in partition.native else step
        self.members: dict[Node, list[Node]] = {}
        for step in self.steps:
            self.members.setdefault(self.unit[step], []).append(step)

    def run(self) -> tuple[list[tuple[bool, list[Node]]], list[Node]]:
        """The phases, and the steps that wait for one another."""
        native, numbers = self.partition.native, self.partition.program.numbers
        waiting, following = self.dependences()
        ready: dict[bool, list] = {False: [], True: []}
        for unit in self.members:
            if not waiting[unit]:
                heapq.heappush(ready[unit in native], (numbers[unit], unit))
        phases = []
        kind = False
        done = 0
        while ready[False] or ready[True]:
            phase = []
            while ready[kind]:
                unit = heapq.heappop(ready[kind])[1]
                phase += self.members[unit]
                for each in following.get(unit, ()):
                    waiting[each] -= 1
                    if not waiting[each]:
                        heapq.heappush(ready[each in native], (numbers[each], each))
            if phase:
                done += len(phase)
                phases.append((kind, sorted(phase, key=numbers.__getitem__)))
            kind = not kind
        return phases, [] if done == len(self.steps) else [step for unit in self.members if waiting[unit]
                                                            for step in self.members[unit]]

    def dependences(self) -> tuple[dict[Node, int], dict[Node, set[Node]]]:
        """For how many units each waits, and which wait for it. What stands after a guard or an effect waits for it,
        and that for those before it."""
        waits: dict[Node, set[Node]] = {unit: set() for unit in self.members}
        barrier = None
        for step in self.steps:
            unit = self.unit[step]
            before = {self.unit[each] for each in self.partition.with_views(operands(step)) if each in self.unit}
            if barrier is not None:
                before.add(barrier)
            waits[unit] |= before - {unit}
            if step.kind != "call":
                barrier = unit
        following: dict[Node, set[Node]] = {}
        for unit, before in waits.items():
            for each in before:
                following.setdefault(each, set()).add(unit)
        return {unit: len(before) for unit, before in waits.items()}, following


def is_value(spec: Spec) -> bool:
    """Whether regions take and give values like this: arrays, and numbers."""
    return spec.dtype.kind in "fciub" if spec.dtype is not None else spec.kind in NUMBERS


def are_apart(loop: Loop, places: list[int]) -> bool:
    """Whether these results of a loop, arrays of the last turn, lie in memory of their own and of no argument."""
    body = loop.body
    roots = find_roots(body, guess=False)
    seen: set[Node] = set()
    for place in places:
        output = body.outputs[loop.carried + place]
        found = roots.get(output, frozenset((output,)))
        if place >= loop.kept and any(root.kind != "call" for root in found) or not seen.isdisjoint(found):
            return False
        seen |= found
    return True
