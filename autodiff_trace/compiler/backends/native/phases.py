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
