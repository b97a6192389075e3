"""Places: where the variables outside a function are that programs read, and write."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["ABSENT", "OTHERS", "Place", "write_states"]

ABSENT = (KeyError, IndexError, ValueError, AttributeError)
"""What is raised where a variable is read that is not there."""

OTHERS = (*ABSENT, TypeError)
"""What ``HiddenInputs.read`` raises where there is none, or one of another form."""


class Place(NamedTuple):
    """Where a variable is: ``kind`` is "cell", "item" (of a list, a dict, the globals of a module), "attribute" or
    "slot"."""

    kind: str
    owner: Any
    key: Any

    @property
    def token(self) -> tuple:
        return self.kind, id(self.owner), self.key

    def read(self) -> Any:
        """One of ``ABSENT`` where there is no variable: the attribute may be one of the class."""
        if self.kind == "cell":
            return self.owner.cell_contents
        if self.kind == "slot":
            return getattr(self.owner, self.key)
        return (self.owner if self.kind == "item" else getattr(self.owner, "__dict__", {}))[self.key]

    def write(self, value: Any) -> None:
        if self.kind == "cell":
            self.owner.cell_contents = value
        elif self.kind == "slot":
            object.__setattr__(self.owner, self.key, value)
        else:
            (self.owner if self.kind == "item" else self.owner.__dict__)[self.key] = value

    def expression(self, owner: str, key: str) -> str:
        """How a program reads it that knows owner and key by these names."""
        return {"cell": f"{owner}.cell_contents", "slot": f"getattr({owner}, {key})", "item": f"{owner}[{key}]",
                "attribute": f"{owner}.__dict__[{key}]"}[self.kind]


def write_states(places: list[Place], news: list) -> None:
    """Give the variables at these places new values."""
    for place, new in zip(places, news):
        place.write(new)
