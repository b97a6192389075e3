"""Data of splines, held as they are given: SciPy's own attributes would make plain arrays of traced ones."""

from __future__ import annotations

from typing import Any

import scipy.interpolate

__all__ = ["HeldData"]

DELEGATES = isinstance(vars(scipy.interpolate.PPoly).get("axis"), property)
"""Whether splines of SciPy keep their data in an object of another class, as from 1.18 on."""
PARTS = "_delegate_to", "_xp", "_xp_internal"
"""The attributes of SciPy's own with that object."""


class HeldData:
    """What stands before a class of splines. ``data``: the names of the attributes, as ``construct_fast`` takes them.

    Where SciPy's object is there the data are in it. It is given up when one of them is set, and made, of plain ones,
    when a method of SciPy's asks for it.
    """

    data: tuple[str, ...]

    def __init_subclass__(cls, data: str = "", arrays: str = "") -> None:
        super().__init_subclass__()
        if data:
            cls.data = tuple(data.split())
            for name in cls.data if DELEGATES else arrays.split():
                setattr(cls, name, held(cls, name))

    if DELEGATES:

        def __getattr__(self, name: str) -> Any:
            if name not in PARTS or f"_{self.data[0]}" not in vars(self):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            made = type(self).construct_fast(*[vars(self).pop(f"_{each}") for each in self.data])
            vars(self).update(vars(made))
            return vars(self)[name]

        def __getstate__(self) -> Any:
            return super().__getstate__() if "_delegate_to" in vars(self) else vars(self).copy()

        def __setstate__(self, state: Any) -> None:
            if type(state) is dict and "_delegate_to" not in state:
                vars(self).update(state)
            else:
                super().__setstate__(state)


def held(owner: type, name: str) -> property:
    key = f"_{name}"
    if not DELEGATES:  # the name of a slot of SciPy's
        return property(lambda self: getattr(self, key), lambda self, value: setattr(self, key, value))

    def read(self: HeldData) -> Any:
        return vars(self)[key] if key in vars(self) else getattr(super(owner, self), name)

    def write(self: HeldData, value: Any) -> None:
        own = vars(self)
        if "_delegate_to" in own:
            own.update({f"_{each}": getattr(self, each) for each in self.data})
            for part in PARTS:
                own.pop(part, None)
        own[key] = value

    return property(read, write)
