"""Distributions of SciPy, traced: what the families of ``scipy.stats`` share.

A family says what its standard form is, with location 0 and scale 1: its log density, and of ``cdf``, ``sf``, ``ppf``
… what has a closed form. The rest follows. Calls without traced values go to SciPy's own object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats

from ...core.derivative import without_derivatives
from ...core.errors import MissingRuleError, caller_line
from ...core.recording import to_recorded
from ...core.tracebacks import border
from ...core.tracer import find_top_trace
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...transforms.stopping import stop_gradient

__all__ = [
    "Distribution", "Frozen", "all_of", "double", "everywhere", "masked", "method_of", "positive", "settled",
]


def double(x: Any) -> Any:
    """``x`` in double precision, as all of ``scipy.stats`` computes."""
    if type(x) is float:
        return np.float64(x)
    dtype = getattr(x, "dtype", None)
    return as_array(x) if dtype == np.float64 else anp.astype(anp.asarray(x), np.float64)


def all_of(*conditions: Any) -> Any:
    """Where all conditions hold."""
    result = conditions[0]
    for condition in conditions[1:]:
        result = anp.logical_and(result, condition)
    return result


def everywhere(condition: Any) -> bool:
    """Whether a condition holds everywhere; under ``jit`` a guard."""
    if condition is True:
        return True
    condition = to_recorded(condition)
    kind = type(condition)
    return bool(condition if kind is np.bool_ else condition.all() if kind is np.ndarray else anp.all(condition))


def masked(condition: Any, value: Any, otherwise: Any) -> Any:
    """``value`` where the condition holds, else ``otherwise``."""
    return value if everywhere(condition) else anp.where(condition, value, otherwise)


def settled(value: Any) -> Any:
    """A log density: where it is infinite, at ends of the support, its slopes are 0 by convention."""
    if everywhere(anp.isfinite(without_derivatives(value))):
        return value
    is_infinite = anp.isinf(value)
    return value if everywhere(anp.logical_not(is_infinite)) else anp.where(is_infinite, stop_gradient(value), value)


def positive(*shapes: Any) -> Any:
    """The usual condition for shapes: above zero."""
    return all_of(True, *[shape > 0 for shape in shapes])


class Distribution:
    """One of SciPy's distributions. A call gives it with parameters, as SciPy's ``norm(loc, scale)`` does.

    Arguments:
        name: SciPy's.
        shapes: the names of the shape parameters, with blanks between them.
        valid: the condition for them.
    """

    methods: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    def __init__(self, name: str, shapes: str = "", valid: Callable = positive) -> None:
        self.name = name
        self.__module__ = "autodiff_trace.scipy.stats"  # where pickle finds it
        self.plain = getattr(scipy.stats, name)
        self.shapes = shapes.split()
        self.valid = valid
        self.__doc__ = self.plain.__doc__

    @border
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The distribution with these parameters."""
        if find_top_trace((*args, *kwargs.values())) is None:
            return Frozen(self, args, kwargs, self.plain(*args, **kwargs))
        return Frozen(self, args, kwargs, None)

    freeze = __call__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.plain, name)
        return self.plain_only(name, value) if callable(value) else value

    def __repr__(self) -> str:
        return f"<autodiff_trace.scipy.stats.{self.name}>"

    def __reduce__(self):
        return self.name  # a name of the module: pickled as such

    def plain_only(self, name: str, function: Callable) -> Callable:
        """A method that has no traced form."""

        def call(*args, **kwargs):
            if find_top_trace((*args, *kwargs.values())) is not None:
                raise MissingRuleError(
                    f"scipy.stats.{self.name}.{name} has no derivative here ({caller_line()}). There are those of "
                    f"{', '.join(self.methods)}; take plain values with to_numpy(x) if none is needed."
                )
            return function(*args, **kwargs)

        call.__name__ = name
        return call

    def call(self, method: str, args: tuple, kwargs: dict) -> Any:
        """SciPy's method, or the traced one where something is traced."""
        if find_top_trace((*args, *kwargs.values())) is None:
            return getattr(self.plain, method)(*args, **kwargs)
        has_argument = method in TAKES_ARGUMENT
        names = [*(["x"] if has_argument else []), *self.shapes, *self.parameters]
        if not kwargs and len(args) <= len(names) <= len(args) + len(self.parameters):
            return getattr(self, f"traced_{method}")(
                *map(double, args), *[DEFAULTS[name] for name in names[len(args) :]])
        for alias in ("q", "k"):
            if has_argument and alias in kwargs:
                kwargs = {**kwargs, "x": kwargs[alias]}
                del kwargs[alias]
        if len(args) > len(names):
            raise TypeError(f"{self.name}.{method} takes {', '.join(names)}, but {len(args)} arguments were given.")
        given = dict(zip(names, args))
        unknown = [name for name in kwargs if name not in names or name in given]
        if unknown:
            raise TypeError(f"{self.name}.{method} got an unexpected {unknown[0]}=; it takes {', '.join(names)}.")
        given = {**DEFAULTS, **given, **kwargs}
        missing = [name for name in names if name not in given]
        if missing:
            raise TypeError(f"{self.name}.{method} needs {', '.join(missing)}.")
        return getattr(self, f"traced_{method}")(*[double(given[name]) for name in names])


DEFAULTS = {"loc": np.float64(0.0), "scale": np.float64(1.0)}
TAKES_ARGUMENT = frozenset("pdf logpdf pmf logpmf cdf logcdf sf logsf ppf isf".split())


def method_of(name: str) -> Callable:
    """The public method that chooses between SciPy's and the traced one."""

    def method(self, *args, **kwargs):
        return self.call(name, args, kwargs)

    method.__name__ = name
    return method


def one_of(name: str, args: tuple, kwargs: dict) -> Any:
    """The one argument of a method of a frozen distribution."""
    if len(args) + len(kwargs) != 1 or not kwargs.keys() <= {"x", "k", "q"}:
        raise TypeError(f"{name} of a frozen distribution takes one argument; loc, scale and shapes are frozen.")
    return [*args, *kwargs.values()][0]


class Frozen:
    """A distribution with its parameters. What is no method of the traced form is SciPy's frozen distribution's."""

    def __init__(self, distribution: Distribution, args: tuple, kwargs: dict, plain: Any) -> None:
        self.dist, self.args, self.kwds, self.plain = distribution, args, kwargs, plain

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self.dist.methods and self.plain is not None:
            return getattr(self.plain, name)
        method = getattr(self.dist, name)
        if not callable(method):
            return method
        if name in TAKES_ARGUMENT:
            return lambda *x, **named: method(one_of(name, x, named), *self.args, **self.kwds)
        if name == "interval":
            return lambda confidence: method(confidence, *self.args, **self.kwds)
        if name == "rvs":
            return lambda size=None, random_state=None: method(
                *self.args, **self.kwds, size=size, random_state=random_state)
        return lambda *args, **kwargs: method(*self.args, *args, **self.kwds, **kwargs)

    def __repr__(self) -> str:
        return f"<{self.dist!r} with {self.args} {self.kwds}>"
