"""Holders of variables, cells, containers and objects: what a function has done to copies of them is done to them."""

from __future__ import annotations

import types
from collections.abc import Callable
from operator import is_
from typing import Any

from ...captured_state.names import MISSING
from ...captured_state.watching import contents
from ...captured_state.references import slots_in

__all__ = ["held_in_slots", "write_holder"]


def write_holder(original: Any, copied: Any, before: Any, outside: Callable[[Any], Any]) -> bool:
    """Do to ``original`` what has been done to its copy since it held ``before``; whether that is something.

    ``outside`` gives what a value stands for there.
    """
    if type(copied) is types.CellType:
        now = contents(copied)
        if now is before:
            return False
        if now is MISSING:
            del original.cell_contents
        else:
            original.cell_contents = outside(now)
    elif slots_in(type(copied)):
        now = held_in_slots(copied)
        changed = [name for name, each in now.items() if each is not before.get(name, MISSING)]
        removed = [name for name in before if name not in now]
        for name in changed:
            object.__setattr__(original, name, outside(now[name]))
        for name in removed:
            object.__delattr__(original, name)
        return bool(changed or removed)
    elif isinstance(copied, dict):
        removed = [name for name in before if name not in copied]
        changed = [name for name, each in copied.items() if each is not before.get(name, MISSING)]
        for name in removed:
            original.pop(name, None)
        for name in changed:
            original[name] = outside(copied[name])
        is_moved = not removed and not changed and list(copied) != list(before)
        if is_moved:
            for name in copied:
                original[name] = original.pop(name)
        return bool(removed or changed or is_moved)
    else:
        if len(copied) == len(before) and all(map(is_, copied, before)):
            return False
        items = list(map(outside, copied))
        original.clear()
        original.extend(items)
    return True


def held_in_slots(value: Any) -> dict[str, Any]:
    """What the slots of an object hold, as far as they do."""
    held = {name: getattr(value, name, MISSING) for name in slots_in(type(value)) or ()}
    return {name: each for name, each in held.items() if each is not MISSING}
