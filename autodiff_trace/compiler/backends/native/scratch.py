"""Scratch memory: where intermediate arrays lie, so that the memory of those that are dead is used again."""

from __future__ import annotations

__all__ = ["Scratch"]

ALIGNMENT = 64


class Scratch:
    """Hands out offsets into one block.

    >>> scratch = Scratch()
    >>> first = scratch.take(100)
    >>> scratch.give_back(first, 100)
    >>> scratch.take(100) == first, scratch.size
    (True, 128)
    """

    def __init__(self) -> None:
        self.size = 0
        self.free: dict[int, list[int]] = {}

    def take(self, nbytes: int) -> int:
        """The offset of so many bytes."""
        size = rounded(nbytes)
        places = self.free.get(size)
        if places:
            return places.pop()
        offset = self.size
        self.size += size
        return offset

    def give_back(self, offset: int, nbytes: int) -> None:
        self.free.setdefault(rounded(nbytes), []).append(offset)


def rounded(nbytes: int) -> int:
    return -(-max(nbytes, 1) // ALIGNMENT) * ALIGNMENT
