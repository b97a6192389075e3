"""The unknowns of a problem: what the user calls x, a vector or a container, as SciPy's vector; and their bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ...core.errors import caller_line
from ...core.pytree import tree_flatten, tree_leaves, tree_map
from ...core.tracer import is_box
from ...core.transformed import Transformed
from ...numpy import wrapped as anp
from ...transforms.closures import sample
from ...transforms.raveling import Raveling

__all__ = ["Unknowns", "as_vector", "bounds_as_arrays", "ends_of", "scalar"]


class Unknowns:
    """What ``x0`` says of the unknowns.

    A number, a vector, or a list or tuple of numbers is a vector, as in SciPy. A container of arrays, or an array of
    more axes, is handed to the user's functions as such.
    """

    def __init__(self, x0: Any) -> None:
        self.is_vector = is_vector(x0)
        plain = tree_map(sample, x0)
        if self.is_vector:
            x0 = np.atleast_1d(np.asarray(plain))
            self.raveling = Raveling(x0)
        else:
            self.raveling = Raveling(plain)
            self.raveling.dtype = np.dtype(np.float64)  # SciPy's methods lose their way in single precision
        self.size = self.raveling.size

    @property
    def key(self) -> tuple:
        raveling = self.raveling
        return self.is_vector, raveling.structure, tuple(raveling.shapes), tuple(raveling.dtypes)

    def start(self, x0: Any) -> np.ndarray:
        """The plain vector of ``x0``."""
        return np.atleast_1d(np.asarray(x0)) if self.is_vector else self.raveling.ravel(x0)

    def unravel(self, vector: Any) -> Any:
        return vector if self.is_vector else self.raveling.unravel(vector)

    def ravel(self, tree: Any) -> Any:
        return tree if self.is_vector else self.raveling.ravel(tree)

    def of_vector(self, fun: Callable) -> Callable:
        """``fun`` of a container as a function of a vector, and further arguments."""
        return fun if self.is_vector else Transformed("of_vector", apply_of_vector, fun, unknowns=self)

    def number(self, fun: Callable) -> Callable:
        """``fun`` as a function of a vector, and further arguments, that returns a number."""
        return Transformed("number", apply_number, fun, unknowns=self)

    def vector(self, fun: Callable) -> Callable:
        """``fun`` as a function of a vector, and further arguments, that returns a vector."""
        return Transformed("vector", apply_vector, fun, unknowns=self)


# Transformed functions, and no closures: ``jit`` follows these to what the user's function reads.


def apply_of_vector(fun, options, args, kwargs):
    return fun(options["unknowns"].unravel(args[0]), *args[1:], **kwargs)


def apply_number(fun, options, args, kwargs):
    return scalar(apply_of_vector(fun, options, args, kwargs))


def apply_vector(fun, options, args, kwargs):
    values = apply_of_vector(fun, options, args, kwargs)
    unknowns = options["unknowns"]
    if not unknowns.is_vector and tree_flatten(values)[1] == unknowns.raveling.structure:
        return unknowns.ravel(values)
    return as_vector(values)


def as_vector(values: Any) -> Any:
    return anp.reshape(anp.array(values) if isinstance(values, (list, tuple)) else values, (-1,))


def scalar(value: Any) -> Any:
    """What an objective returns as a number, of an array of one element that element."""
    shape = np.shape(value)
    if shape == ():
        return value
    if all(length == 1 for length in shape):
        return anp.reshape(value, ())
    raise TypeError(f"the objective returns an array of shape {shape}, not a number ({caller_line()}).")


def is_vector(x0: Any) -> bool:
    if isinstance(x0, (list, tuple)) and type(x0) in (list, tuple):
        return not is_nested(x0)
    return hasattr(x0, "ndim") and np.ndim(x0) < 2 or isinstance(x0, (int, float))


def ends_of(bounds: Any) -> tuple[Any, Any]:
    """The lower and the upper end of ``Bounds`` or of a pair; lists, which may hold traced numbers, as arrays."""
    pair = (bounds.lb, bounds.ub) if isinstance(bounds, scipy.optimize.Bounds) else bounds
    lower, upper = [anp.array(x) if isinstance(x, (list, tuple)) and not is_nested(x) else x for x in pair]
    return lower, upper


def is_nested(x: Any) -> bool:
    return any(isinstance(each, (list, tuple, dict)) or np.ndim(each) for each in x)


def bounds_as_arrays(bounds: Any, unknowns: Unknowns) -> tuple[Any, Any] | None:
    """Lower and upper bounds as two vectors, which may be traced; None for none.

    ``bounds``: ``Bounds``, a sequence of pairs (None for none), or for containers a pair of containers or numbers.
    """
    if bounds is None:
        return None
    if isinstance(bounds, scipy.optimize.Bounds):
        pair = bounds.lb, bounds.ub
    elif unknowns.is_vector:
        rows = list(bounds)
        if len(rows) != unknowns.size or any(len(row) != 2 for row in rows):
            raise ValueError(f"bounds: there are {len(rows)} for {unknowns.size} unknowns; each is a pair (min, max).")
        pair = tuple([
            [end * np.inf if row[i] is None else row[i] for row in rows] for i, end in ((0, -1.0), (1, 1.0))
        ])
        pair = tuple([anp.array(each) if any(map(is_box, each)) else np.array(each, float) for each in pair])
    else:
        pair = tuple(bounds)
        if len(pair) != 2:
            raise ValueError("bounds: for a container of unknowns they are Bounds, or a pair (lower, upper) of "
                             "containers like it or of numbers.")
    return tuple([as_limits(each, unknowns, end) for each, end in zip(pair, (-np.inf, np.inf))])


def as_limits(bound: Any, unknowns: Unknowns, missing: float) -> Any:
    if bound is None:
        return np.full(unknowns.size, missing)
    if not isinstance(bound, (dict, list, tuple)) and len(tree_leaves(bound)) == 1 and np.ndim(bound) == 0:
        return anp.broadcast_to(bound, (unknowns.size,))
    if not unknowns.is_vector:
        return unknowns.raveling.ravel(bound)
    return anp.broadcast_to(bound, (unknowns.size,))
