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
from ...core.choices import with_other
from ...core.foreign import has_values
from ...core.infinitesimals import are_wanted, has_split, is_split, split, without_change
from ...core.primitives import nondifferentiable, primitive
from ...core.recording import RecordingTrace, is_recording
from ...core.reverse import VJPTrace
from ...core.tracer import is_box, to_value, trace_stack
from ...core.traits import declare
from ..batching import batch_aligned, batch_stacks
from ..definers import defrules
from .tolerances import clusters, find_tolerance, largest, nearly_repeated, repeated

__all__ = [
    "NOISE", "agreed", "are_unused", "can_align", "is_recorded", "limit_quotient", "magnitude", "other_basis",
    "part_repeated", "unless_constant", "with_other_vectors",
]

NOISE = 1000
"""Machine precisions up to which numbers that should cancel may differ."""

magnitude = nondifferentiable(lambda x: largest(np.abs(x), (-2, -1), keepdims=True))
declare(magnitude, batching=batch_stacks)


def part_repeated(w: np.ndarray, v: Any = None, with_zero: bool = False) -> Any:
    """``w``; where reverse mode follows, with the directions in which repeated values part. ``v``: as of tolerances."""
    if type(w) is not np.ndarray:  # of other libraries' values nobody looks at single ones
        return w
    if not w.size or not are_wanted() or not (mask := repeated(w, find_tolerance(w, v), with_zero)).any():
        return w
    step = np.max(np.abs(w), axis=-1, keepdims=True)
    step = np.where(step > 0, step, 1)
    return split(w, np.where(mask, step * np.arange(1, w.shape[-1] + 1, dtype=step.dtype), 0).astype(w.dtype))


def unless_constant(x: Any, a: Any) -> Any:
    """``x``, made of ``a``, not split unless reverse mode follows ``a``."""
    if not has_split(x):
        return x
    while is_box(a):
        if isinstance(a._trace, VJPTrace) and a._node is not None:
            return x
        a = a._value
    return without_change(x)


def with_other_vectors(v: np.ndarray, w: np.ndarray, least: np.ndarray, dtype: Any) -> Any:
    """Vectors ``v`` of the values ``w``, boxed with others of values that are repeated within ``least``."""
    r = np.zeros(v.shape, dtype)
    r[...] = np.eye(v.shape[-1])
    for i in np.ndindex(w.shape[:-1]):
        for group in clusters(w[i], least[i]):
            r[i][np.ix_(group, group)] = other_basis(len(group), dtype)
    other = v @ r
    return with_other(v, (other / np.linalg.norm(other, axis=-2, keepdims=True)).astype(v.dtype, copy=False))


def other_basis(n: int, dtype: Any, which: int = 0) -> np.ndarray:
    """A rotation in general position, always the same for one ``which``."""
    numbers = np.sin(np.arange(1 + which, 2 * n * n + 1 + which) ** 1.5).reshape(2, n, n)
    k = numbers[0] - numbers[0].T
    if np.dtype(dtype).kind == "c":
        k = k + 1j * (numbers[1] + numbers[1].T)
    return np.linalg.solve(np.eye(n) + k, np.eye(n) - k)  # Cayley's transform


def is_recorded() -> bool:
    """Whether what happens is to hold for other values, too."""
    return is_recording(trace_stack.get())


def are_unused(g: Any, *places: int) -> bool:
    """Whether the cotangents of some outputs are 0 whatever the inputs are: nothing depends on these outputs."""
    reached = getattr(g, "reached", None)
    return all(reached is not None and i not in reached or is_constant_zero(g[i]) for i in places)


def is_constant_zero(x: Any) -> bool:
    while is_box(x):
        if isinstance(x._trace, RecordingTrace) or isinstance(x._trace, DerivativeTrace) and x._node is not None:
            return False
        x = x._value
    return has_values(x) and not np.any(x)


def can_align(w: Any, least: Any) -> bool:
    """Whether there are values repeated within ``least``, and no trace below follows how they change."""
    if is_recorded() or not has_values(w):
        return False
    box = w
    while is_box(box):
        if isinstance(box._trace, DerivativeTrace) and not is_split(box) and box._node is not None:
            return False
        box = box._value
    return bool(repeated(to_value(w), to_value(least)).any())


@primitive
def limit_quotient(x, y, size, least, recorded, name):
    """``x / y``; where ``y`` is not above ``least`` the limit, if ``x`` is 0 but for the noise of numbers of this size.

    Without the directions in which values part no limit is known: 0/0 is 0, and what is ``recorded`` fails, so that the
    function itself is called. ``name`` is for the warning; forward mode gives none, for the vectors may not be used.
    """
    close = np.abs(y) <= least
    if recorded and np.any(close):
        raise TypeError("a derivative at repeated eigenvalues or singular values cannot be replayed")
    ans = np.where(close, np.where(x == 0, x, np.nan), x / np.where(close, 1, y))
    if name:
        warn_of_noise(ans, y, least, name)
    return ans


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
    if name:
        warn_of_noise(ans, y, least, name)
    if np.any(depends):
        if name:
            warn(name, gap_among(y, least))
        ans = np.where(depends, np.nan, ans)
    return ans.astype(x.dtype, copy=False), change.astype(x.dtype, copy=False)


limit_quotient.limit = limit


def compare_limits(prim, values, others):
    """The limit, which is NaN also where it is so for the other choice of vectors alone."""
    ans, other = prim(*values), prim(*others[:-1], "")
    depends = np.isnan(to_value(other)) & ~np.isnan(to_value(ans))
    if np.any(depends):
        if name := values[-1]:
            warn(name, gap_among(*map(to_value, values[1:4:2])))
        ans = ans + np.where(depends, np.nan, 0).astype(ans.real.dtype)
    return with_other(ans, other)


limit_quotient.compare = compare_limits


@primitive
def agreed(ga, left, right, w, least, of_values, of_vectors, name):
    """``ga``, the cotangent of matrices, if it is the same for another choice of vectors, else NaN.

    It may depend on the vectors through single values, which change along the vectors that NumPy gives: by multiples of
    the products of columns of ``left`` with rows of ``right``. ``of_values`` and ``of_vectors`` are how large the
    cotangents are of which ``ga`` is what is left.
    """
    return ga


def compare_gradients(prim, values, others):
    numbers, other_numbers = [list(map(to_value, each[:7])) for each in (values, others)]
    w, least = numbers[3:5]
    differ = np.zeros((*numbers[0].shape[:-2], 1, 1))
    for i in np.ndindex(w.shape[:-1]):
        group = np.flatnonzero(repeated(w[i], least[i], values[-1] == "svd"))
        if are_different(group, *[[x[i] for x in each] for each in (numbers, other_numbers)]):
            differ[i] = np.nan
            warn(values[-1], gap_among(w[i][:, None] - w[i], least[i]))
    return with_other(prim(*values) + differ.astype(numbers[0].real.dtype), others[0])


def are_different(group, numbers, others):
    ga, left, right, w, apart, of_values, of_vectors = numbers
    other, other_left, other_right, *_ = others
    eps, scale = np.finfo(w.dtype).eps, np.max(np.abs(w)) or 1
    products = [x[:, group].T[:, :, None] * y[group][:, None] for x, y in ((left, right), (other_left, other_right))]
    system, difference = (products[0] - products[1]).reshape(len(group), ga.size).T, (ga - other).ravel()
    if w.dtype.kind != "c":
        system, difference = [np.concatenate([x.real, x.imag]) for x in (system, difference)]
    if not np.isfinite(difference).all():
        return bool(np.isfinite(ga).all())
    rest = difference - system @ np.linalg.lstsq(system, difference, rcond=None)[0]
    allowed = (eps**0.5 + 10 * apart / scale) * np.max(np.abs([ga, other]))
    allowed = allowed + NOISE * eps * (of_values + of_vectors / scale)
    return bool(np.max(np.abs(rest)) > allowed.item())


agreed.compare = compare_gradients
also_nan = lambda g, ans, *args: g + 0 * ans, *[None] * 6  # where the answer is, so is its derivative
defrules(agreed, also_nan, also_nan)


def warn_of_noise(ans, y, least, name):
    """Say so where quotients ``ans`` have a divisor ``y`` that is hardly larger than rounding."""
    uncertain = nearly_repeated(np.abs(y), least) & (ans != 0)
    if np.any(uncertain):
        warnings.warn(
            f"{name}: values with a gap of {np.min(np.abs(y)[uncertain]):.1e} differ by little more than rounding: the "
            f"derivative divides by that gap, and may have less than three digits ({caller_line()}).",
            RuntimeWarning,
            stacklevel=5,
        )


def gap_among(gaps, least):
    """The largest gap between values that count as equal."""
    gaps = np.abs(gaps)
    return float(np.max(np.where(gaps <= least, gaps, 0)))


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


by_operand = divide, divide_by_change, None, None
defrules(limit_quotient, by_operand, by_operand, batching=batch_aligned)
