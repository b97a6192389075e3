"""How much memory compiled programs hold between runs, all together."""

from __future__ import annotations

import threading

__all__ = ["Arena", "arena"]


class Arena:
    """The memory that the compiled programs hold on to between runs, all together."""

    LIMIT = 512 * 2**20
    """Bytes; what goes beyond is allocated for each run and let go."""

    def __init__(self) -> None:
        self.held = 0
        self.lock = threading.Lock()

    def take(self, nbytes: int) -> bool:
        """Whether so many bytes more may be held; if so they are counted."""
        with self.lock:
            if self.held + nbytes > self.LIMIT:
                return False
            self.held += nbytes
            return True

    def give_back(self, nbytes: int) -> None:
        with self.lock:
            self.held -= nbytes


arena = Arena()
