"""Repeated eigenvalues and singular values: quotients 0/0 as limits, and the vectors that a change picks out.

To equal values belong any orthonormal vectors of a plane. What depends on that choice has no derivative. In the
pullback of what does not, as V w Vᴴ, cotangents cancel where the values are equal: 0/0, whose limit says how fast they
do when the values part. ``infinitesimals`` follows that. In forward mode the change tells the vectors that go with it
smoothly.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...core.derivative import DerivativeTrace
from ...core.errors import caller_line
from ...core.forward import defjvp
from ...core.infinitesimals import are_wanted, is_split, split
from ...core.primitives import nondifferentiable, primitive
from ...core.reverse import defvjp
from ...core.tracer import is_box, to_value, trace_stack

__all__ = [
    "NOISE", "are_unused", "can_align", "clusters", "is_recorded", "limit_quotient", "magnitude",
    "part_repeated", "tolerance",
]

NOISE = 1000
"""Machine precisions up to which numbers that should cancel may differ."""


def find_tolerance(w):
    size = np.max(np.abs(w), axis=-1, initial=0)[..., None, None]
    return 4 * w.shape[-1] * np.finfo(w.dtype).eps * size


tolerance = nondifferentiable(find_tolerance)
"""The difference up to which values are equal: what rounding leaves of equal ones."""

magnitude = nondifferentiable(lambda x: np.max(np.abs(x), axis=(-2, -1), keepdims=True, initial=0))


def repeated(w: np.ndarray, with_zero: bool = False) -> np.ndarray:
    """The mask of the values that have an equal one; of singular values also 0."""
    close = np.abs(w[..., None, :] - w[..., None]) <= find_tolerance(w)
    return (close.sum(-1) > 1) | (with_zero & (np.abs(w) <= find_tolerance(w)[..., 0]))


def clusters(w: np.ndarray) -> list[list[int]]:
    """The positions of equal values of one matrix, of those that are repeated."""
    close = np.abs(w[None] - w[:, None]) <= find_tolerance(w)
    groups: list[list[int]] = []
    for i in range(len(w)):
        near = [group for group in groups if close[i, group].any()]
        groups = [group for group in groups if group not in near] + [[*sum(near, []), i]]
    return [group for group in groups if len(group) > 1]


def part_repeated(w: np.ndarray, with_zero: bool = False) -> Any:
    """``w``; where reverse mode follows, with the directions in which repeated values part."""
    if not w.size or not are_wanted() or not (mask := repeated(w, with_zero)).any():
        return w
    step = np.max(np.abs(w), axis=-1, keepdims=True)
    step = np.where(step > 0, step, 1)
    return split(w, np.where(mask, step * np.arange(1, w.shape[-1] + 1, dtype=step.dtype), 0).astype(w.dtype))


def is_recorded() -> bool:
    """Whether what happens is to hold for other values, too."""
    return any(trace.guards_values for trace in trace_stack.get())


def are_unused(g: Any, *places: int) -> bool:
    """Whether the cotangents of some outputs are 0 whatever the inputs are: nothing depends on these outputs."""
    reached = getattr(g, "reached", None)
    return all(reached is not None and i not in reached or is_constant_zero(g[i]) for i in places)


def is_constant_zero(x: Any) -> bool:
    while is_box(x):
        if x._trace.guards_values or isinstance(x._trace, DerivativeTrace) and x._node is not None:
            return False
        x = x._value
    return not np.any(x)


def can_align(w: Any) -> bool:
    """Whether there are repeated values, and no trace below follows how they change."""
    if is_recorded():
        return False
    box = w
    while is_box(box):
        if isinstance(box._trace, DerivativeTrace) and not is_split(box) and box._node is not None:
            return False
        box = box._value
    return bool(repeated(to_value(w)).any())


@primitive
def limit_quotient(x, y, size, least, recorded, name):
    """``x / y``; where ``y`` is not above ``least`` the limit, if ``x`` is 0 but for the noise of numbers of this size.

    Without the directions in which values part no limit is known: 0/0 is 0, and what is ``recorded`` fails, so that the
    function itself is called. ``name`` is for the warning; forward mode gives none, for the vectors may not be used.
    """
    close = np.abs(y) <= least
    if recorded and np.any(close):
        raise TypeError("a derivative at repeated eigenvalues or singular values cannot be replayed")
    return np.where(close, np.where(x == 0, x, np.nan), x / np.where(close, 1, y))


def limit(values, changes):
    """The limits, by de l'Hôpital, and how they change: which is unknown where that is a matter of second order."""
    (x, y, size, least, _, name), (dx, dy, *_) = values, changes
    close = np.abs(y) <= least
    divisor = np.where(close, 1, y)
    dx, dy = [np.zeros_like(each) if change is None else change for each, change in ((x, dx), (y, dy))]
    ans = np.where(close, 0, x / divisor)
    change = np.where(close, np.nan, (dx - ans * dy) / divisor)
    ans = np.where(close, dx / np.where(close & (dy != 0), dy, 1), ans)
    # What should cancel is not known better than the numbers of which it is left, nor than the values that are equal.
    noise = NOISE * np.finfo(y.dtype).eps * size + 10 * np.abs(ans) * least
    depends = close & ((np.abs(x) > noise) | ((dy == 0) & (dx != 0)) | (np.isnan(dx) & ~np.isnan(x)))
    if np.any(depends):
        if name:
            warn(name, float(np.max(np.where(depends, np.abs(y), 0))))
        ans = np.where(depends, np.nan, ans)
    return ans.astype(x.dtype, copy=False), change.astype(x.dtype, copy=False)


limit_quotient.limit = limit


def warn(name, gap):
    warnings.warn(
        f"{name}: values with a gap of {gap:.1e} count as equal, and the derivative depends on which vectors are "
        f"chosen for them, or on how they part in second order: it is NaN ({caller_line()}).",
        RuntimeWarning,
        stacklevel=5,
    )


def divide(g, ans, x, y, size, least, recorded, name):
    return limit_quotient(g, y, magnitude(g), least, recorded, name)


def divide_by_change(g, ans, x, y, size, least, recorded, name):
    return -ans * divide(g, ans, x, y, size, least, recorded, name)


defvjp(limit_quotient, divide, divide_by_change, None, None)
defjvp(limit_quotient, divide, divide_by_change, None, None)
