"""Errors about names that are not here, in Python's words and with our way where the name is a habit (``habits``).

All of it stands on the paths of errors: nothing is looked up until a name is missing. Traced arrays have no
``__getattr__``, with which each attribute of theirs would be read slower (46 instead of 18 ns), but a descriptor for
each habit.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any, NoReturn

from .errors import is_own_file
from .habits import HABITS
from .tracebacks import border

__all__ = [
    "MissingAttribute", "MissingModules", "add_missing", "find_way", "our_way", "unknown_keyword", "unknown_name",
]

PACKAGE = __name__.partition(".")[0]


def find_way(places: Iterable[str], name: str) -> tuple[str, str] | None:
    """Whose habit ``name`` is in the first of ``places`` that knows it, and what to write instead."""
    for place in places:
        for library, habits in HABITS.items():
            if name in habits.get(place, ()):
                return library, habits[place][name]
    return None


def our_way(usual: str, places: Iterable[str], name: str) -> str:
    """``usual``, what Python says, and if ``name`` is a habit what to write instead."""
    found = find_way(places, name)
    return usual if found is None else f"{usual}, which is {found[0]}'s. {found[1]}."


def unknown_keyword(function: str, unknown: Iterable[str], *places: str) -> TypeError:
    """The error of a call of ``function`` with keywords that it does not have: of ``unknown`` the first."""
    name = next(iter(unknown))
    places = places or (f"{function}()", "()")
    return TypeError(our_way(f"{function}() got an unexpected keyword argument {name!r}", places, name))


def unknown_name(module: str, name: str, more: str = "") -> AttributeError | ImportError:
    """What the ``__getattr__`` of a module raises for a name that it does not have; ``more`` is added to the text.

    In ``from module import name`` an ImportError: of an AttributeError Python would show none of the text.
    """
    frame = sys._getframe(1)
    while frame is not None and is_own_file(frame.f_code.co_filename):
        frame = frame.f_back
    if is_import(frame):
        return ImportError(our_way(f"cannot import name {name!r} from {module!r}", (module,), name) + more, name=module)
    text = our_way(f"module {module!r} has no attribute {name!r}", (module,), name) + more
    return without_guess(text, sys.modules[module]) if find_way((module,), name) else AttributeError(text)


def without_guess(text: str, owner: Any) -> AttributeError:
    """An AttributeError to which Python does not add "Did you mean …?": it is told of what, but not of which name."""
    return AttributeError(text, obj=owner)


def is_import(frame: FrameType | None) -> bool:
    """Whether the frame is at a ``from … import``."""
    return frame is not None and frame.f_code.co_code[frame.f_lasti] == dis.opmap["IMPORT_FROM"]


class MissingAttribute:
    """A descriptor that raises AttributeError, so that ``hasattr`` is false of objects and of the class."""

    def __init__(self, place: str, name: str) -> None:
        self.place = place
        self.name = name

    @border
    def __get__(self, instance: Any, owner: type) -> NoReturn:
        usual = f"{owner.__name__!r} object has no attribute {self.name!r}"
        raise without_guess(our_way(usual, (self.place,), self.name), owner)

    def __set__(self, instance: Any, value: Any) -> NoReturn:
        self.__get__(instance, type(instance))


def add_missing(owner: type, place: str) -> None:
    """Let objects of ``owner`` say what to write instead of the attributes that are habits at ``place``."""
    missing = {name for habits in HABITS.values() for name in habits.get(place, ()) if not hasattr(owner, name)}
    for name in missing:
        setattr(owner, name, MissingAttribute(place, name))
    owner.__dir__ = lambda self: [name for name in object.__dir__(self) if name not in missing]  # type: ignore


class MissingModules:
    """The last finder of imports: it finds nothing, and says what to write instead of a module that is a habit."""

    @staticmethod
    @border
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        parent, _, own = name.rpartition(".")
        if parent.partition(".")[0] == PACKAGE and find_way((parent,), own):
            raise ModuleNotFoundError(our_way(f"No module named {name!r}", (parent,), own), name=name)
