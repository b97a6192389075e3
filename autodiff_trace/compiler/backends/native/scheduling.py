"""Scheduling: which steps of a region are written as one unit, and in which order units run."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from ...ir.node import Node, Program, operands

__all__ = ["ALONE", "SCALARS", "VIEW", "Segment", "schedule"]

ALONE, SCALARS, VIEW = "alone", "scalars", "view"

MOST = {SCALARS: 400}
"""Steps of one unit: longer functions take long to compile."""

MOST_OF_A_NEST = 300


class Segment(NamedTuple):
    """Steps that are one unit: ``ALONE`` (each by itself), ``SCALARS``, or a nest of loops for a shape."""

    key: Hashable
    steps: list[Node]


def schedule(
    program: Program, key_of: Callable[[Node], Hashable], closes: Callable[[Node], bool],
) -> list[Segment]:
    """The steps in segments, of which none needs memory that another step of it writes. A step is put into the segment
    that is being filled if it can be; steps that are views stand in none."""
    steps = program.steps
    order = {step: i for i, step in enumerate(steps)}
    keys = {step: key_of(step) for step in steps}
    users: dict[Node, list[Node]] = {}
    waits: dict[Node, int] = {}
    for step in steps:
        needed = {each for each in operands(step) if each in order}
        waits[step] = len(needed)
        for each in needed:
            users.setdefault(each, []).append(step)
    queues: dict[Any, list[int]] = {}
    late: list[Node] = []
    segments: list[Segment] = []

    def push(step: Node) -> None:
        heapq.heappush(queues.setdefault(keys[step], []), order[step])

    def finish(step: Node, is_memory: bool) -> None:
        """Note that a step is done. What reads memory that the segment writes has to wait for its end."""
        for user in users.get(step, ()):
            waits[user] -= 1
            if waits[user]:
                late_users.update({user} if is_memory else ())
                continue
            if keys[user] == VIEW:
                finish(user, True)  # of numbers, too: they are in memory at the end
            elif is_memory or user in late_users:
                late.append(user)
            else:
                push(user)

    late_users: set[Node] = set()
    for step in steps:
        if not waits[step]:
            if keys[step] == VIEW:
                late.append(step)
            else:
                push(step)
    current: Any = None

    def close() -> None:
        late_users.clear()
        pending, late[:] = list(late), []
        for step in pending:
            if keys[step] == VIEW:
                finish(step, False)
            else:
                push(step)

    close()
    while any(queues.values()) or late:
        if current is None or not queues.get(current) or len(segments[-1].steps) >= MOST.get(current, MOST_OF_A_NEST):
            close()
            ready = [(queue[0], key) for key, queue in queues.items() if queue]
            if not ready:
                continue
            current = ALONE if queues.get(ALONE) else min(ready, key=lambda each: each[0])[1]
            segments.append(Segment(current, []))
        step = steps[heapq.heappop(queues[current])]
        if current == ALONE and segments[-1].steps:
            segments.append(Segment(ALONE, []))
        segments[-1].steps.append(step)
        finish(step, current == ALONE or current != SCALARS and closes(step))
        if current == ALONE:
            close()
    return segments
