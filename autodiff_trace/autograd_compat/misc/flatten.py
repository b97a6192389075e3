"""Containers of arrays as one vector, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.tracer import is_box
from ...numpy import wrapped as anp
from ..vspaces import vspace

__all__ = ["flatten", "flatten_func"]


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The numbers of ``value`` as a vector, and the function that makes a value like it of such a vector.

    Arguments:
        value: a number, an array, or lists, tuples and dicts of these, nested. The items of a dict are taken in the
            order of its sorted keys.

    Both the vector and what the function gives have derivatives. Numbers come back as arrays of no dimension, and in a
    container as what they were in ``value``, in single or double precision, real or complex.

    Raises TypeError for what is no floating-point number or array.

    >>> vector, unflatten = flatten({"b": 1.0, "a": [np.zeros(2), (5.0,)]})
    >>> vector
    array([0., 0., 5., 1.])
    >>> unflatten(np.arange(4.0))
    {'b': array(3.), 'a': [array([0., 1.]), (array(2.),)]}
    """
    if type(value) not in (list, tuple, dict):
        shape = vspace(value).shape
        return anp.ravel(value), lambda vector: anp.reshape(vector, shape)
    parts: list = []
    rebuild, _ = take_apart(value, parts, 0)
    return anp.concatenate(parts) if parts else np.zeros(0), rebuild


def take_apart(value: Any, parts: list, start: int) -> tuple[Callable[[Any], Any], int]:
    """Append the leaves of ``value`` to ``parts`` as vectors. The function from the whole vector, in which they come
    from ``start`` on, to a value like this one, and where the next one starts."""
    kind = type(value)
    if kind is dict:
        order, (rebuild_items, start) = list(value), take_apart([value[key] for key in sorted(value)], parts, start)
        keys = sorted(value)

        def rebuild(vector):
            items = dict(zip(keys, rebuild_items(vector)))
            return {key: items[key] for key in order}

        return rebuild, start
    if kind is list or kind is tuple:
        rebuilds = []
        for item in value:
            rebuild, start = take_apart(item, parts, start)
            rebuilds.append(rebuild)
        return lambda vector: kind([rebuild(vector) for rebuild in rebuilds]), start
    space = vspace(value)
    parts.append(anp.ravel(value))
    stop = start + parts[-1].size
    return lambda vector: leaf_like(space, vector[start:stop]), stop


def leaf_like(space: Any, part: Any) -> Any:
    """A leaf of its own memory, of numbers as those of the space."""
    part = anp.reshape(part, space.shape)
    dtype = space.dtype if space.dtype.kind in "fc" else part.dtype
    if part.dtype.kind == "c" != dtype.kind:
        part = anp.real(part)
    return part if is_box(part) and part.dtype == dtype else anp.astype(part, dtype)


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Callable[..., Any], Callable[..., Any], Any]:
    """``func``, a function of containers like ``example``, as a function of a vector that returns a vector; the
    function that makes a container of a vector; and the vector of the example.

    >>> flat_func, unflatten, vector = flatten_func(lambda p: {"sum": p["a"] + p["b"]}, {"a": 1.0, "b": np.ones(2)})
    >>> vector, flat_func(vector)
    (array([1., 1., 1.]), array([2., 2.]))
    """
    vector, unflatten = flatten(example)
    return lambda vector, *args: flatten(func(unflatten(vector), *args))[0], unflatten, vector
