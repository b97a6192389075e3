"""Structures of pytrees: the shape of nested containers without their leaves."""

from __future__ import annotations

from typing import Any

__all__ = ["LEAF", "Structure"]

SHOWN_DEPTH = 20
"""Levels of containers in containers that are shown."""


class Structure:
    """The shape of a container without its leaves: ``kind`` None is a leaf. Structures compare and hash by content."""

    __slots__ = ("kind", "extra", "children", "count", "is_flat")

    def __init__(self, kind: type | None, extra: Any, children: tuple[Structure, ...], is_flat: bool = False) -> None:
        """``is_flat``: all children are leaves, of which much is then not asked one by one."""
        self.kind: type | None = kind
        self.extra: Any = extra
        self.children: tuple[Structure, ...] = children
        self.is_flat: bool = is_flat
        self.count: int = (
            len(children) if is_flat else sum([child.count for child in children]) if kind is not None else 1
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Structure):
            return False
        pairs = [(self, other)]
        for one, two in pairs:
            if one is not two:
                if one.kind is not two.kind or len(one.children) != len(two.children) or one.extra != two.extra:
                    return False
                if not (one.is_flat and two.is_flat):
                    pairs += zip(one.children, two.children)
        return True

    def __hash__(self) -> int:
        return hash((self.kind, self.count))

    def __repr__(self) -> str:
        return self.text(SHOWN_DEPTH)

    def text(self, depth: int) -> str:
        if self.kind is None or not depth:
            return "…" if self.children else "*"
        count = len(self.children)
        # The keys of a dict; those of a defaultdict stand behind its factory.
        named = isinstance(self.extra, tuple) and len(self.extra) >= count
        names = self.extra[-count:] if named else range(count)
        inner = ", ".join(f"{name}: {child.text(depth - 1)}" for name, child in zip(names, self.children))
        return f"{self.kind.__name__}({inner})"


LEAF = Structure(None, None, ())
