"""Spelling: names for values and objects, and arguments as Python expressions."""

from __future__ import annotations

import keyword
import math
import re
from typing import Any

from ...record.guards import Miss, outcome
from ...ir.node import Node

__all__ = ["LONGEST_NAME", "Spelling", "is_readable", "printable"]

RESERVED = {"Miss", "outcome", "seen", "i", "start", "stop", "abs", "slice", "unflatten"}
"""Names that emitted programs use for what these say."""

NUMBERED = re.compile(r"[bcpsvwxy]\d+|blocks_\d+")
"""Names that values, constants, buffers, kernels and what they are given have."""

LONGEST_NAME = 60
"""Letters of a name that the user's program chose, at most."""

EXACT = 2**63
"""Python's ints below it are spelled in digits, of which Python reads some thousand at most."""


def is_readable(name: Any) -> bool:
    """Whether a name that the user's program chose may stand in a program as it is.

    Python takes other letters than those of ASCII for each other (the ligature "ﬁ" for "fi"), and names with two
    underscores for its own.
    """
    is_name = type(name) is str and name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return is_name and len(name) <= LONGEST_NAME and not name.startswith("__")


def printable(name: Any) -> str:
    """A name that the user's program chose, for a person to read: in one line, without control characters."""
    text = name if type(name) is str else type(name).__name__
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


class Spelling:
    """The names that a program uses.

    Attributes:
        names: those of the values of its steps.
        objects: by their names the objects that it refers to; ``known`` are their names, ``taken`` all that are used.

    With ``outer`` it shares objects with another program.
    """

    def __init__(self, outer: Spelling | None = None) -> None:
        self.names: dict[Node, str] = {}
        self.objects: dict[str, Any] = outer.objects if outer else {"Miss": Miss, "outcome": outcome}
        self.known: dict[int, str] = outer.known if outer else {}
        self.taken: set[str] = outer.taken if outer else set(RESERVED)
        self.last: dict[str, int] = outer.last if outer else {}  # by hints, the number that was tried last

    def object_name(self, value: Any, hint: Any) -> str:
        """The name of an object that the program refers to."""
        name = self.known.get(id(value))
        if name is None:
            name = self.known[id(value)] = self.free_name(hint, "c")
            self.objects[name] = value
        return name

    def free_name(self, hint: Any, other: str = "") -> str:
        """``hint``, or something like it that is no name yet; ``other`` in its place if it is not readable."""
        hint = hint if is_readable(hint) else other
        number = self.last.get(hint, 1)
        name = hint if number == 1 else f"{hint}_{number}"
        while name in self.taken or NUMBERED.fullmatch(name):
            number += 1
            name = f"{hint}_{number}"
        self.last[hint] = number
        self.taken.add(name)
        return name

    def constant_name(self, value: Any) -> str:
        name = self.known.get(id(value))
        if name is None:
            name = self.known[id(value)] = f"c{len(self.known)}"
            self.objects[name] = value
        return name

    def text(self, arg: Any) -> str:
        """An argument as an expression."""
        kind = type(arg)
        if kind is Node:
            return self.constant_name(arg.value) if arg.kind == "constant" else self.names[arg]
        if kind is bool or arg is None or kind is str:
            return repr(arg)
        if kind is int and -EXACT < arg < EXACT:
            return repr(arg) if arg >= 0 else f"({arg})"
        if kind is float and math.isfinite(arg):
            return repr(arg) if math.copysign(1, arg) > 0 else f"({arg!r})"
        if kind is tuple:
            return f"({', '.join(map(self.text, arg))}{',' if len(arg) == 1 else ''})"
        if kind is list:
            return f"[{', '.join(map(self.text, arg))}]"
        if kind is slice:
            return f"slice({self.text(arg.start)}, {self.text(arg.stop)}, {self.text(arg.step)})"
        if arg is Ellipsis:
            return "..."
        return self.constant_name(arg)

    def index(self, arg: Any) -> str:
        """An index as it stands between brackets."""
        if type(arg) is tuple and arg:
            return ", ".join(map(self.index_part, arg)) + ("," if len(arg) == 1 else "")
        return self.index_part(arg)

    def index_part(self, arg: Any) -> str:
        if type(arg) is slice:
            ends = ["" if end is None else self.text(end) for end in (arg.start, arg.stop, arg.step)]
            return ":".join(ends if ends[2] else ends[:2])
        return self.text(arg)
