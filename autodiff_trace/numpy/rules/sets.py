"""Functions that take arrays as sets: the answer holds elements of the arguments, chosen in a piecewise constant way.

Where equal elements stand for one member, the derivative goes to the one that ``np.unique`` finds first.
"""

from __future__ import annotations

import numpy as np

from ...core.primitives import nondifferentiable
from ...core.traits import declare
from .. import wrapped as anp
from ..broadcasting import cast
from ..definers import define

find_common, find_unique, find_values = map(nondifferentiable, (np.intersect1d, np.unique, np.unique_values))
declare(find_common, find_unique, find_values, shaped_by_values=True)


@define(np.unique)
def unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, **kwargs):
    ar = anp.asarray(ar)
    _, index, inverse, counts = find_unique(ar, True, True, True, axis, **kwargs)
    members = anp.getitem(anp.ravel(ar), index) if axis is None else anp.take(ar, index, axis=axis)
    wanted = (return_index, index), (return_inverse, inverse), (return_counts, counts)
    extras = [extra for asked, extra in wanted if asked]
    return (members, *extras) if extras else members


# The answers of NumPy 2's forms are named tuples; NaNs are all different in them.


def define_named(name, index=False, inverse=False, counts=False):
    function = getattr(np, name)
    result = type(function(np.zeros(1)))

    @define(function)
    def definition(x):
        answer = unique(x, index, inverse, counts, equal_nan=False)
        return result(*answer)


define_named("unique_all", index=True, inverse=True, counts=True)
define_named("unique_counts", counts=True)
define_named("unique_inverse", inverse=True)


@define(np.unique_values)
def unique_values(x):
    members = unique(x, equal_nan=False)
    return anp.getitem(members, anp.searchsorted(members, find_values(x)))  # in whatever order NumPy gives them


@define(np.intersect1d)
def intersect1d(ar1, ar2, assume_unique=False, return_indices=False):
    common, index1, index2 = find_common(ar1, ar2, assume_unique, True)
    members = cast(anp.getitem(anp.ravel(anp.asarray(ar1)), index1), common.dtype)
    return (members, index1, index2) if return_indices else members


@define(np.setdiff1d)
def setdiff1d(ar1, ar2, assume_unique=False):
    ar1 = anp.ravel(anp.asarray(ar1)) if assume_unique else unique(ar1)
    return anp.getitem(ar1, anp.isin(ar1, ar2, assume_unique=True, invert=True))


@define(np.setxor1d)
def setxor1d(ar1, ar2, assume_unique=False):
    only1 = setdiff1d(ar1, ar2, assume_unique)
    only2 = setdiff1d(ar2, ar1, assume_unique)
    return anp.sort(anp.concatenate([only1, only2]))


@define(np.union1d)
def union1d(ar1, ar2):
    return unique(anp.concatenate([anp.ravel(anp.asarray(ar1)), anp.ravel(anp.asarray(ar2))]))
