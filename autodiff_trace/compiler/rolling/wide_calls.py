"""Wide calls: those on arrays that do not wait for other turns of a loop, so that one call can be made of all."""

from __future__ import annotations

from ..backends.numpy_source.calls import is_elementwise_ufunc
from ..ir.node import Node
from .turns import Column, Places, Stretch, is_view

__all__ = ["has_wide_calls"]

FEW = 0.35
"""Share of the calls on arrays that are wide up to which it takes little more time to make them in turns (1.3 times as
much for a chain of functions of small arrays, with its gradient)."""

MANY_STEPS, MOST_STEPS = 10_000, 50_000
"""Steps of a loop from which a shorter time to compile is worth more than few wide calls, and than any."""


def has_wide_calls(stretch: Stretch, places: Places, all_steps: int) -> bool:
    """Whether calls on arrays that wait for no other turn, of which passes make one, are worth more than a loop of
    ``all_steps`` steps; ``stretch`` may be some turns of it."""
    if all_steps >= MOST_STEPS:
        return False
    steps = places.steps[stretch.start:stretch.start + stretch.period]
    columns = stretch.columns
    sums = find_sums(columns, steps)
    after: set[int] = set()  # what waits for the turn before
    while True:
        count = len(after)
        for slot, each in enumerate(columns):
            if slot not in sums and any(
                column.kind == "carried" and column.slot not in sums or column.slot in after for column in each
                if column.kind in ("local", "carried")
            ):
                after.add(slot)
        if len(after) == count:
            break
    ahead = {column.slot for slot, each in enumerate(columns) if slot not in sums
             for column in each if column.kind == "carried" or column.kind == "local" and steps[slot].kind == "guard"}
    while True:
        count = len(ahead)
        ahead |= {column.slot for slot in ahead for column in columns[slot] if column.kind in ("local", "carried")}
        if len(ahead) == count:
            break
    calls = [
        slot for slot, step in enumerate(steps)
        if step.kind == "call" and not is_view(step) and slot not in stretch.hoisted and slot not in stretch.read
    ]
    of_arrays = [slot for slot in calls if steps[slot].spec.is_array and steps[slot].spec.size > 1]
    waiting = after & ahead
    wide = [slot for slot in of_arrays if slot not in waiting]
    is_light = [is_elementwise_ufunc(getattr(steps[slot].function, "fun", None)) for slot in wide]
    if not all(is_light) or len(wide) > FEW * len(of_arrays):
        return True
    # Of numbers too: to keep them for loops that follow takes as long as to compute them.
    is_map = len(waiting.intersection(calls)) < (1 - FEW) * len(calls)
    return all_steps < MANY_STEPS and (bool(wide) or is_map)


def find_sums(columns: list[list[Column]], steps: list[Node]) -> set[int]:
    """The additions to a sum over all turns, of which nothing else is read."""
    users: dict[int, list[int]] = {}
    for slot, each in enumerate(columns):
        for column in each:
            if column.kind in ("local", "carried"):
                users.setdefault(column.slot, []).append(slot)
    sums = {slot for slot, step in enumerate(steps) if step.name == "add" and len(users.get(slot, ())) == 1}
    while True:
        wrong = {
            slot for slot in sums if users[slot][0] not in sums
            or not any(column.kind in ("local", "carried") and column.slot in sums for column in columns[slot])
        }
        if not wrong:
            return sums
        sums -= wrong
