"""Wide calls: those on arrays that do not wait for other turns of a loop, so that one call can be made of all."""

from __future__ import annotations

import numpy as np

from .turns import Places, Stretch

__all__ = ["has_wide_calls"]

VIEWS = {"getitem", "reshape", "transpose", "swapaxes", "expand_dims", "squeeze", "broadcast_to", "moveaxis", "ravel"}


def has_wide_calls(stretch: Stretch, places: Places) -> bool:
    """Whether there are calls on arrays that do not wait for those of other turns: passes make one of all of them."""
    steps = places.steps[stretch.start:stretch.start + stretch.period]
    columns = stretch.columns
    users: dict[int, int] = {}
    for each in columns:
        for column in each:
            if column.kind in ("local", "carried"):
                users[column.slot] = users.get(column.slot, 0) + 1
    sums = {
        slot for slot, each in enumerate(columns) if steps[slot].name == "add" and users.get(slot) == 1
        and any(column.kind == "carried" and column.slot == slot for column in each)
    }
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
             for column in each if column.kind == "carried"}
    while True:
        count = len(ahead)
        ahead |= {column.slot for slot in ahead for column in columns[slot] if column.kind in ("local", "carried")}
        if len(ahead) == count:
            break
    return any(
        type(step.value) is np.ndarray and step.value.size > 1 and step.name not in VIEWS
        for slot, step in enumerate(steps)
        if slot not in stretch.hoisted and slot not in stretch.read and slot not in after & ahead
    )
