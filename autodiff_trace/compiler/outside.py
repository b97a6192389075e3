"""What a jitted function reads outside, and what to say where that cannot be watched."""

from __future__ import annotations

from typing import Any

from ..transforms.members import OF_ARGUMENT
from ..transforms.surroundings import Surroundings
from .arguments import classes_in

__all__ = ["listed", "look_around", "why_unwatched"]


def look_around(jitted: Any, statics: list, args: tuple, kwargs: dict) -> Surroundings:
    """What the function reads, also through the objects and the classes of containers among its arguments."""
    classes = classes_in((args, kwargs))
    places = ["", *["an argument"] * len(statics), *[OF_ARGUMENT] * len(classes)]
    return Surroundings(jitted.fun, *statics, *classes, constant=jitted.constant, places=places)


def listed(names: list[str], most: int = 5) -> str:
    """Names for a message."""
    names = [name for name in names if name]
    return f" ({', '.join(names[:most])}{', …' if len(names) > most else ''})" if names else ""


def why_unwatched(surroundings: Surroundings) -> str:
    """What to say of variables that cannot be watched."""
    if surroundings.crowded:
        return "it can reach too many variables; pass what it reads as arguments"
    place, what = next(iter(surroundings.unknown.items()))
    more = f", and {len(surroundings.unknown) - 1} more" if len(surroundings.unknown) > 1 else ""
    if not place or place.startswith(("an argument", OF_ARGUMENT)):
        return f"it reads {place or 'something'} that may change unseen ({what}{more})"
    return (f"it reads {place}, {what}{more}, which may change unseen: pass it as an argument, or if it does not "
            f"change, write jit(f, constant=({place!r},))")
