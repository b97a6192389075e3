"""Following a function to the variables that it reads.

What its code names is followed to its end (``read_paths``): of ``self.cfg["lr"]`` the attribute and the key are
watched, and nothing else of these objects. A function or method that is found is followed in turn (``functions``). What
is handed on, to a call or a variable, is watched as a whole: all items of containers, and of objects the attributes
that any of the code in reach names (``objects``). Installed packages are not followed; what they hold is constant by
nature, or unknown (``kinds``).
"""

from __future__ import annotations

import abc
import collections
import functools
import pathlib
import types
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..core.tracer import box_classes
from ..core.transformed import Transformed
from .functions import Functions
from .holders import WRAPPERS
from .kinds import READS_OF_PATHS, is_constant, is_generator, unknown_function, unknown_object
from .members import is_of_user
from .names import MISSING, has, is_users
from .places import VALUES
from .watching import Form, no_class_registered

__all__ = ["Follower"]

CONTAINERS = (list, tuple, set, frozenset, collections.deque)

READS_OF_FORMS = {"flags", "names", "fields", "descr"}
"""Names by which a function reads of an array whether it may be written to, and its fields."""

TESTS_OF_CLASSES = {"isinstance", "issubclass", "singledispatch"}

OPTIMISERS = f"{__name__.partition('.')[0]}.optim."

INTERPOLANTS = frozenset(f"{__name__.partition('.')[0]}.scipy.interpolate.{name}" for name in (
    "bsplines", "cubic_splines", "grids", "lines", "piecewise", "polynomials", "univariate",
))
"""Modules of this package whose objects hold what users change: coefficients, knots, values on a grid."""

FUNCTIONS = (types.BuiltinFunctionType, types.FunctionType, type)


class Follower(Functions):
    """Fills ``captured``."""

    def follow_all(self, roots: Iterable[Any], places: Sequence[str]) -> None:
        roots = list(roots)
        self.paths: list[str] = []
        self.has_abstract = False
        self.pending = list(zip(roots, [*places, *[""] * len(roots)], [""] * len(roots)))
        while (self.pending or self.reach_members()) and not self.captured.crowded:
            value, place, how = self.pending.pop()
            if not self.constant or not self.is_vouched_for(place):
                self.follow(value, place, how)
        self.captured.names = frozenset(self.names)
        is_read = not self.names.isdisjoint(READS_OF_FORMS)
        for array in self.captured.arrays:
            self.watch("test", Form(array, is_read))
        if self.has_abstract and (self.whole or not self.names.isdisjoint(TESTS_OF_CLASSES)):
            self.watch("test", no_class_registered())
        if not self.names.isdisjoint(READS_OF_PATHS):
            for place in self.paths:
                self.captured.unknown.setdefault(place, "a path, whose file is read,")

    def follow(self, value: Any, place: str, how: Any) -> None:
        """Watch what ``value`` refers to. ``how``: "method" of a bound method that is called, or what a function is
        called with, as far as that matters."""
        kind = type(value)
        captured = self.captured
        if kind in box_classes:
            captured.note_box(value, place)
            return
        if value is None or value is MISSING or kind in VALUES or isinstance(value, np.generic):
            return
        if isinstance(value, np.ndarray):
            self.note_array(value)
            return
        if kind is types.MethodType and isinstance(value.__func__, types.FunctionType):
            self.keep(value)
            self.follow_method(value, place, how)
            return
        if callable(value) and (what := unknown_function(value, how)):
            captured.unknown.setdefault(place, what)
            return
        if id(value) in self.done:
            return
        self.done.add(id(value))
        captured.followed[id(value)] = value
        if isinstance(value, pathlib.Path) or isinstance(value, type) and issubclass(value, pathlib.Path):
            self.paths.append(place)
        if kind is types.ModuleType and value.__name__.endswith("random"):
            self.names.add("random")  # whatever it is called here
        self.has_abstract = self.has_abstract or isinstance(value, abc.ABCMeta)
        if kind is types.FunctionType:
            self.follow_function(value, {}, place)
        elif kind is types.MethodType or kind is types.BuiltinMethodType:
            if isinstance(value.__self__, types.ModuleType):
                self.note_call(value, how)
            else:
                self.escape(value.__self__, place)
            self.escape(getattr(value, "__func__", None), place)
        elif kind is functools.partial:
            self.escape(value.func, place)
            self.escape(value.args, f"{place}.args")
            self.escape(value.keywords, f"{place}.keywords")
        elif kind is types.MappingProxyType or isinstance(value, dict) and (
                is_of_user(kind) or kind.__module__ in ("builtins", "collections")):
            for key, each in captured.watch_dict(value, place):
                self.escape(key, place)
                self.escape(each, f"{place}[{key!r}]")
            self.follow_object(value, place)
        elif isinstance(value, CONTAINERS):
            values = value if isinstance(value, (tuple, frozenset)) else captured.watch_items(value, place)
            for i, each in enumerate(values):
                self.escape(each, f"{place}[{i}]")
            self.follow_object(value, place)
        elif kind in WRAPPERS:
            for name in WRAPPERS[kind]:
                self.escape(getattr(value, name), place)
        elif isinstance(value, Transformed):
            for each in (*vars(value).values(), *value.options.values()):
                if callable(each):
                    self.escape(each, place)
        elif str(kind.__module__).startswith(OPTIMISERS):  # with schedules of the user's; str: Cython's have none
            self.escape_all([*vars(value).items()], place)
        elif is_generator(value):
            captured.generators.append(value)
        elif is_of_user(value if isinstance(value, type) else kind):
            self.follow_object(value, place)
        elif kind is types.ModuleType and is_users(value.__name__):
            self.objects[id(value)] = [value, place, None]
        elif isinstance(value, np.vectorize) or kind.__module__ in INTERPOLANTS:
            self.follow_whole(value, place)
        elif has(value, "__wrapped__"):
            self.escape(value.__wrapped__, place)
        elif isinstance(value, FUNCTIONS):
            self.note_call(value, how)
        elif not is_constant(value):
            captured.unknown.setdefault(place, unknown_object(value))

    def note_array(self, array: np.ndarray) -> None:
        if isinstance(array, np.ndarray) and id(array) not in self.done:
            self.done.add(id(array))
            self.captured.followed[id(array)] = array
            self.captured.arrays.append(array)
            if array.dtype.hasobject:
                for each in array.ravel().tolist():
                    self.escape(each, "")
            if isinstance(array, np.ma.MaskedArray) and array.mask is not np.ma.nomask:
                self.note_array(np.ma.getmask(array).view(np.ndarray))
