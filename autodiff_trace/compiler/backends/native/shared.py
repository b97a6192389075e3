"""What the translations of a region and of the bodies of its loops share: units, scratch memory, constants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .code import At
from .kinds import Kinds
from .places import Place
from .records import CONSTANTS, MOVING
from .scratch import Scratch
from .units import Units

__all__ = ["Shared"]


class Shared:
    """What the translations of a region and of the bodies of its loops have in common."""

    def __init__(self, own: dict[np.ufunc, Callable]) -> None:
        self.own, self.kinds = own, Kinds(own)
        self.units, self.scratch = Units(), Scratch()
        self.constants: list[np.ndarray] = []
        self.known: dict[tuple, Place] = {}
        self.moving = 0

    def constant(self, value: np.ndarray) -> Place:
        """An array of the code's own."""
        key = value.tobytes(), value.shape, value.strides, value.dtype
        if key not in self.known:
            self.constants.append(value)
            at = At(CONSTANTS + len(self.constants) - 1)
            self.known[key] = Place(at, value.shape, value.strides, value.dtype)
        return self.known[key]

    def new_moving(self) -> int:
        """The number of a base that a loop moves."""
        self.moving += 1
        return MOVING + self.moving - 1
