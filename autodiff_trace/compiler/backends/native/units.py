"""Units: the functions of a translated region; equal ones are one."""

from __future__ import annotations

from typing import NamedTuple

from .places import Place
from .registers import Lines

__all__ = ["Unit", "Units"]


class Unit(NamedTuple):
    """A function that has been written: its text without its name, its operands, the range of its call, and what it
    does, for people."""

    text: str
    operands: list[Place]
    start: int
    stop: int
    parallel: int
    lines: Lines
    about: str = ""


class Units:
    """Collects them, under names ``u0``, ``u1`` …"""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.about: dict[str, str] = {}
        self.declares: set[str] = set()
        self.functions: dict[str, str] = {}

    def add(self, unit: Unit) -> str:
        """The name of the function with this text."""
        name = self.names.setdefault(unit.text, f"u{len(self.names)}")
        self.about.setdefault(name, unit.about)
        self.declares |= unit.lines.declares
        self.functions.update(unit.lines.functions)
        return name

    @property
    def text(self) -> str:
        """The module."""
        functions = [f"define void @{name}{text}" for text, name in self.names.items()]
        return "\n\n".join(["\n".join(sorted(self.declares)), *self.functions.values(), *functions])
