"""Phases: the order in which steps run, those of NumPy and those of regions in turns, of which there are few."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from ...ir.node import Node, operands

if TYPE_CHECKING:
    from .partition import Partition

__all__ = ["Phases"]


class Phases:
    """Takes all steps that NumPy can run, then all that a region can take, and so on: no order has fewer regions that
    begins so. A tuple or list and all that reads it are one unit, with what stands between them."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.steps = [step for step in partition.program.steps if step not in partition.views]
        self.unit: dict[Node, Node] = {}
        joined = Sets()
        for step in self.steps:
            for each in operands(step):
                if each.spec.is_sequence and each in partition.native and step in partition.native:
                    joined.unite(each, step)
        self.gather(joined)
        waits = self.dependences()
        for circle in find_circles(waits):
            if all(unit in partition.native for unit in circle):
                for each in circle[1:]:
                    joined.unite(circle[0], each)
        self.gather(joined)

    def gather(self, joined: Sets) -> None:
        """Make the units."""
        first: dict[Node, Node] = {}
        self.members: dict[Node, list[Node]] = {}
        for step in self.steps:
            unit = self.unit[step] = first.setdefault(joined.find(step), step)
            self.members.setdefault(unit, []).append(step)

    def run(self) -> tuple[list[tuple[bool, list[Node]]], list[Node]]:
        """The phases, and the steps that wait for one another."""
        native, numbers = self.partition.native, self.partition.program.numbers
        waits = self.dependences()
        waiting = {unit: len(before) for unit, before in waits.items()}
        following: dict[Node, set[Node]] = {}
        for unit, before in waits.items():
            for each in before:
                following.setdefault(each, set()).add(unit)
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
        if done < len(self.steps):
            return [], [step for unit in self.members if waiting[unit] for step in self.members[unit]]
        self.sink(phases, following)
        return [(kind, phase) for kind, phase in phases if phase], []

    def sink(self, phases: list[tuple[bool, list[Node]]], following: dict[Node, set[Node]]) -> None:
        """Move steps to the region that reads them where less has to be handed on then: what a later region alone reads
        is computed there, unless that takes more of what this one has."""
        program = self.partition.program
        places = {step: i for i, (_, phase) in enumerate(phases) for step in phase}
        moved = False
        for step in reversed(self.steps):
            place, users = places[step], following.get(step, ())
            if not phases[place][0] or step.kind == "guard" or len(self.members[self.unit[step]]) > 1 or not users:
                continue
            last = min([places[each] for each in users])
            if not phases[last][0] or last == place or self.is_returned(step):
                continue
            taken = {each for each in self.partition.with_views(operands(step)) if places.get(each) == place}
            more = [each for each in taken if all(
                places[user] == place for user in following.get(self.unit[each], ()) if user is not step)]
            if sum(each.spec.nbytes for each in more) <= step.spec.nbytes:
                places[step], moved = last, True
        if moved:
            order = sorted(places, key=program.numbers.__getitem__)
            for i, (_, phase) in enumerate(phases):
                phase[:] = [step for step in order if places[step] == i]

    def is_returned(self, step: Node) -> bool:
        """Whether a step, or a view of it, is an output."""
        program, views = self.partition.program, self.partition.views
        pending = [step]
        for node in pending:
            if node in program.kept:
                return True
            pending += [user for user in program.users.get(node, ()) if user in views]
        return False

    def dependences(self) -> dict[Node, set[Node]]:
        """For which units each waits. What stands after a guard or an effect waits for it, and that for those before
        it."""
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
        return waits


class Sets:
    """Sets that are united."""

    def __init__(self) -> None:
        self.parents: dict[Node, Node] = {}

    def find(self, node: Node) -> Node:
        """What stands for the set of a node."""
        while node in self.parents:
            node = self.parents[node]
        return node

    def unite(self, node: Node, other: Node) -> None:
        node, other = self.find(node), self.find(other)
        if node is not other:
            self.parents[other] = node


def find_circles(waits: dict[Node, set[Node]]) -> list[list[Node]]:
    """The sets of units that wait for one another (R. Tarjan, "Depth-first search and linear graph algorithms",
    1972)."""
    numbers: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    stack: list[Node] = []
    inside: set[Node] = set()
    circles = []
    for start in waits:
        if start in numbers:
            continue
        path = [(start, iter(waits[start]))]
        while path:
            unit, rest = path[-1]
            if unit not in numbers:
                numbers[unit] = lowest[unit] = len(numbers)
                stack.append(unit)
                inside.add(unit)
            for each in rest:
                if each not in numbers:
                    path.append((each, iter(waits[each])))
                    break
                if each in inside:
                    lowest[unit] = min(lowest[unit], numbers[each])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[unit])
                if lowest[unit] == numbers[unit]:
                    circle = [stack.pop()]
                    while circle[-1] is not unit:
                        circle.append(stack.pop())
                    inside.difference_update(circle)
                    if len(circle) > 1:
                        circles.append(circle)
    return circles
