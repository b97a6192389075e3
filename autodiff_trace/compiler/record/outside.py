"""What a jitted function reads outside, and what to say where that cannot be watched."""

from __future__ import annotations

from typing import Any

from ...captured_state.members import OF_ARGUMENT
from ...captured_state.captured import CapturedState
from ..dispatch.arguments import classes_in
from ..failures import raise_if_from_signal
from .hidden_inputs import HiddenInputs, Places

__all__ = ["Outside", "listed", "look_around", "why_impure", "why_unwatched"]


class Outside:
    """How the recordings of one function take the arrays outside it.

    Attributes:
        stands_in: whether the function runs on copies of its variables, with boxes for arrays.
        folds: whether what is computed from such arrays alone is a constant. Then they are compared in each call.
        rewritten: how often that has shown that one of them had been written.
        places: the variables that have changed.
    """

    __slots__ = ("stands_in", "folds", "places", "rewritten")

    def __init__(self) -> None:
        self.stands_in = self.folds = True
        self.rewritten = 0
        self.places = Places()

    def drop_outdated(self, versions: list) -> None:
        """Let programs go whose arrays have been written into since they were made; and all of them where variables
        have become hidden inputs.

        From the second writing on all is computed anew in each run, as the function itself does.
        """
        try:
            if versions and self.places.note_changes(versions[0].captured):
                versions.clear()
            kept = [version for version in versions if not version.captured.hold_variables()]
        except Exception as error:
            self.do_without(error)
            kept = []
        if len(kept) < len(versions):
            versions[:] = kept
            self.rewritten += 1
            self.folds = self.rewritten < 2

    def note_changes(self, captured: CapturedState) -> None:
        """The function itself has changed some of them: those become hidden inputs, too."""
        try:
            self.places.note_changes(captured)
        except Exception as error:
            self.do_without(error)

    def hide(self, captured: CapturedState) -> HiddenInputs | None:
        """The hidden inputs for these captured, which watch them no longer."""
        if not self.stands_in or not self.places.hidden:
            return None
        try:
            hidden = HiddenInputs(self.places.hidden.values(), captured)
        except Exception as error:
            return self.do_without(error)
        return hidden if hidden.places else None

    def do_without(self, error: Exception) -> None:
        """An object among the variables raises errors when it is looked at: arrays are compared as a whole."""
        raise_if_from_signal(error)
        self.stands_in = False


def look_around(jitted: Any, statics: list, args: tuple, kwargs: dict) -> CapturedState:
    """What the function reads, also through the objects and the classes of containers among its arguments."""
    classes = classes_in((args, kwargs))
    places = ["", *["an argument"] * len(statics), *[OF_ARGUMENT] * len(classes)]
    return CapturedState(jitted.fun, *statics, *classes, constant=jitted.constant, places=places)


def listed(names: list[str], most: int = 5) -> str:
    """Names for a message."""
    names = [name for name in names if name]
    return f" ({', '.join(names[:most])}{', …' if len(names) > most else ''})" if names else ""


def why_unwatched(captured: CapturedState) -> str:
    """What to say of variables that cannot be watched; empty if there are none."""
    if captured.crowded:
        return "it can reach too many variables; pass what it reads as arguments"
    if not captured.unknown:
        return ""
    place, what = next(iter(captured.unknown.items()))
    more = f", and {len(captured.unknown) - 1} more" if len(captured.unknown) > 1 else ""
    if not place or place.startswith(("an argument", OF_ARGUMENT)):
        return f"it reads {place or 'something'} that may change unseen ({what}{more})"
    return (f"it reads {place}, {what}{more}, which may change unseen: pass it as an argument, or if it does not "
            f"change, write jit(f, constant=({place!r},))")


def why_impure(captured: CapturedState) -> str:
    """What to say of a function of which each run changes something outside, or catches an error."""
    changed = listed(captured.changed())
    return f"it catches errors, or changes variables outside it{changed}: return what is new"
