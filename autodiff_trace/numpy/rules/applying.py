"""Functions that call a function of the user's on parts of an array: the calls are traced one by one."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from ...core.errors import TracedValueError, caller_line
from ...core.foreign import has_values
from ...core.tracebacks import border
from ...core.tracer import innermost_trace
from .. import wrapped as anp
from ..array_kinds import taken
from ..canonical import as_array
from ..namespace import replace_wrapped

__all__ = ["vectorize"]


def define_caller(function: Callable) -> Callable[[Callable], Callable]:
    """Decorate the definition of a function that calls functions: followed wherever a trace is running, because what is
    called may have traced values of its own."""

    def decorate(definition):
        @border
        @functools.wraps(function)
        def call(*args, **kwargs):
            return definition(*args, **kwargs) if innermost_trace() is not None else function(*args, **kwargs)

        call.fun = function
        return replace_wrapped(function, call)

    return decorate


@define_caller(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    arr = as_array(arr)
    rows = anp.moveaxis(arr, axis, -1)
    if 0 in rows.shape[:-1]:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    around = rows.shape[:-1]
    results = [as_array(func1d(rows[index], *args, **kwargs)) for index in np.ndindex(around)]
    shape = results[0].shape
    ans = anp.reshape(anp.stack([anp.broadcast_to(result, shape) for result in results]), around + shape)
    # What the function returned takes the place of the axis that it was given.
    axis %= arr.ndim
    new = tuple(range(len(around), len(around) + len(shape)))
    return anp.moveaxis(ans, new, tuple(range(axis, axis + len(shape))))


@define_caller(np.apply_over_axes)
def apply_over_axes(func, a, axes):
    val = as_array(a)
    ndim = val.ndim
    for axis in np.ravel(axes).tolist():
        axis = axis + ndim if axis < 0 else axis
        result = as_array(func(val, axis))
        if result.ndim != val.ndim:
            result = anp.expand_dims(result, axis)
            if result.ndim != val.ndim:
                raise ValueError("function is not returning an array of the correct shape")
        val = result
    return val


@define_caller(np.piecewise)
def piecewise(x, condlist, funclist, *args, **kw):
    x = as_array(x)
    if np.isscalar(condlist) or (x.ndim and not isinstance(condlist[0], (list, tuple)) and np.ndim(condlist[0]) == 0):
        condlist = [condlist]
    conditions = [anp.astype(as_array(taken(np.piecewise, condition)), bool) for condition in condlist]
    if len(funclist) == len(conditions) + 1:
        conditions.append(anp.logical_not(functools.reduce(anp.logical_or, conditions)))
    elif len(funclist) != len(conditions):
        n = len(conditions)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    ans = anp.zeros_like(x)
    for condition, function in zip(conditions, funclist):
        if not callable(function):
            ans = anp.set_item(ans, condition, function)
        elif not has_values(condition) or anp.any(condition):
            ans = anp.set_item(ans, condition, function(x[condition], *args, **kw))
    return ans


class vectorize(np.vectorize):
    """``np.vectorize``; inside a traced function each element's call is traced, one by one."""

    def __call__(self, *args, **kwargs):
        if self.pyfunc is np._NoValue or innermost_trace() is None:
            return super().__call__(*args, **kwargs)
        if self.signature is not None:
            raise TracedValueError(
                f"vectorize: signature= cannot be traced ({caller_line()}); anp.apply_along_axis, or a loop and "
                "anp.stack, do the same."
            )
        names = [name for name in kwargs if name not in self.excluded]
        places = [i for i in range(len(args)) if i not in self.excluded]
        arrays = anp.broadcast_arrays(*[args[i] for i in places], *[kwargs[name] for name in names])
        if not arrays:
            return self.pyfunc(*args, **kwargs)
        if not arrays[0].size and not self.otypes:
            raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
        results = []
        for elements in zip(*[anp.ravel(x) for x in arrays]):
            new_args = list(args)
            for i, element in zip(places, elements):
                new_args[i] = element
            results.append(self.pyfunc(*new_args, **{**kwargs, **dict(zip(names, elements[len(places) :]))}))
        several = isinstance(results[0], tuple) if results else len(self.otypes) > 1
        columns = list(zip(*results)) if several and results else [results] * max(len(self.otypes or ""), 1)
        # As in NumPy the dtype is that of the first call's answer, if it is not given.
        dtypes = self.otypes or [as_array(column[0]).dtype for column in columns]
        outputs = [
            anp.astype(anp.reshape(anp.array(list(column)), arrays[0].shape), dtype)
            for column, dtype in zip(columns, dtypes)
        ]
        return tuple(outputs) if several else outputs[0]


anp.vectorize = vectorize
