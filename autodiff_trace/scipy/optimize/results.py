"""SciPy's results as the outputs of a step: arrays go through traces, and the result is put together behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import register_pytree, tree_flatten, tree_unflatten
from ...core.tracer import is_box
from ...transforms.implicit_rules import refused

__all__ = ["Template", "TracedResult"]

TEXTS: list[str] = []
"""All texts that results have had: a step gives the place of one."""

OBJECT, TEXT = "object", "text"


class Template:
    """How the fields of a result, a dict, become a list of arrays, and back."""

    def __init__(self, fields: dict) -> None:
        self.plain, self.structure = tree_flatten(fields)
        self.kinds: list[Any] = list(map(kind_of, self.plain))

    def encoded(self) -> list:
        values = []
        for leaf, kind in zip(self.plain, self.kinds):
            if kind is TEXT:
                if leaf not in TEXTS:
                    TEXTS.append(leaf)
                values.append(np.int64(TEXTS.index(leaf)))
            elif kind is not OBJECT:
                values.append(leaf if type(leaf) in (bool, int) else np.array(leaf)[()])
        return values

    def decoded(self, values: Sequence) -> dict:
        """The fields of ``values``; those that are no arrays are left out where others may have taken their place."""
        values = iter(values)
        leaves = [None if kind is OBJECT else decode(kind, next(values)) for kind in self.kinds]
        fields = tree_unflatten(self.structure, leaves)
        lost = tree_unflatten(self.structure, [kind is OBJECT for kind in self.kinds])
        return {name: value for name, value in fields.items() if not any(tree_flatten(lost[name])[0])}

    @property
    def names(self) -> list:
        return list(self.structure.extra)


def kind_of(leaf: Any) -> Any:
    if isinstance(leaf, str):
        return TEXT
    is_array = isinstance(leaf, (bool, int, float, complex, np.generic, np.ndarray))
    return type(leaf) if is_array and np.asarray(leaf).dtype.kind in "biufc" else OBJECT


def decode(kind: Any, value: Any) -> Any:
    if kind is TEXT:
        try:
            return TEXTS[int(value)]
        except TracedValueError:
            return "of a batch: success and status are those of its elements"
    if kind in (bool, int, float) and not is_box(value):
        return kind(value)
    return value


class TracedResult(scipy.optimize.OptimizeResult):
    """A result whose solution is traced.

    Floating numbers beside it (``jac``, ``hess_inv`` …) have no derivative: that of one refuses.
    """

    def __missing__(self, name: str) -> Any:
        later = self.__dict__.get("later", {})
        if name not in later:
            raise KeyError(name)
        self[name] = later[name]()
        return self[name]

    def taken_apart(self) -> tuple[list, tuple]:
        """As a container: what is text or None is part of its structure."""
        static = tuple([(name, x) for name, x in self.items() if x is None or isinstance(x, str)])
        names = tuple([name for name, x in self.items() if not (x is None or isinstance(x, str))])
        return [self[name] for name in names], (names, static)

    @classmethod
    def make(cls, solver: str, names: Sequence, fields: dict, leaves: Sequence, known: dict) -> TracedResult:
        """The result with the fields ``known``, whose derivatives are known, and others."""
        result = cls()
        later: dict[str, Callable] = {}
        for name in names:
            if name in known:
                result[name] = known[name]
            elif name not in fields:
                later[name] = lose(solver, name)
            elif any(map(is_inexact, tree_flatten(fields[name])[0])):
                later[name] = refuse_later(solver, leaves, fields[name], name)
            else:
                result[name] = fields[name]
        result.__dict__["later"] = later
        return result


def put_together(extra: tuple, children: list) -> TracedResult:
    names, static = extra
    return TracedResult({**dict(zip(names, children)), **dict(static)})


register_pytree(TracedResult, TracedResult.taken_apart, put_together)


def is_inexact(x: Any) -> bool:
    return isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") in ("f", "c")


def lose(solver: str, name: str) -> Callable:
    def raise_it():
        raise TracedValueError(
            f"{solver}: the field {name!r} of its result is no array, and not there for traced values "
            f"({caller_line()}). Solve it once more outside, with to_numpy of what is traced."
        )

    return raise_it


def refuse_later(solver: str, leaves: Sequence, field: Any, name: str) -> Callable:
    def refuse():
        values, structure = tree_flatten(field)
        places = [i for i, x in enumerate(values) if is_inexact(x)]
        marked = refused(solver, leaves, [np.float64(x) if type(x) is float else x for x in
                                          (values[i] for i in places)], f"the numbers in {name!r} of its result")
        for i, x in zip(places, marked):
            values[i] = x
        return tree_unflatten(structure, values)

    return refuse
