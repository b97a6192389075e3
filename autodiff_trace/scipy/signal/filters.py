"""Rules of recursive filters: lfilter, sosfilt and their initial conditions, in the signal and in the coefficients."""

from __future__ import annotations

import operator

import numpy as np
import scipy.signal
from numpy.lib.array_utils import normalize_axis_index

from ...core.forward import defjvp_all
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.along_axes import at_least_1d, runs_along
from ...numpy.broadcasting import broadcast_tangent, match_dtype, unbroadcast
from ...numpy.canonical import as_array, unary_of
from ...numpy.definers import define, linear
from ..plain_arguments import is_traced
from ..convolving import convolve_along, pad_zeros, part_of

__all__ = ["along_axis", "filter_along", "filter_with_state", "first_state", "sections_with_state"]


@primitive
def filter_along(b, a, x, zi, axis):
    """What ``lfilter`` gives: the y with Σ aₖ yₙ₋ₖ = Σ bₖ xₙ₋ₖ + a₀ zₙ, where the state ``zi`` is None or z₀, z₁, …"""
    if zi is None:
        return scipy.signal.lfilter(b, a, x, axis)
    return scipy.signal.lfilter(b, a, x, axis, zi)[0]


# With A = Σ aₖ Sᵏ and B = Σ bₖ Sᵏ, where S delays by one, dy = A⁻¹ (B dx + a₀ dz + Σ dbₖ Sᵏ x + da₀ z − Σ daₖ Sᵏ y).
# So with λ = A⁻ᵀ g, which is the filter 1/A backwards: x̄ = Bᵀ λ, z̄ = a₀ λ, b̄ₖ = ⟨λ, Sᵏ x⟩, āₖ = −⟨λ, Sᵏ y⟩ (+ ⟨λ, z⟩).


def backwards(b, a, g, axis):
    """The transpose of the filter b/a."""
    if not g.size:
        return g  # which SciPy's filters without ``a`` refuse
    return anp.flip(filter_along(b, a, anp.flip(g, axis), None, axis), axis)


def lagged_products(x, y, count, axis):
    """The sums Σ xₙ₊ₖ yₙ for k < ``count``, over all elements of ``y``."""
    if not y.size:
        return np.zeros(count, y.dtype)
    x = pad_zeros(x, {axis: (0, count - 1)})
    return anp.reshape(convolve_along(x, anp.flip(y), "valid", "auto", None), (count,))


def fit_state(x, count, axis):
    """The first ``count`` elements of ``x`` along ``axis``, zeros where there are no more."""
    size = x.shape[axis]
    return pad_zeros(x, {axis: (0, count - size)}) if size < count else part_of(x, {axis: (0, count)})


def cotangents(argnums, g, ans, args, kwargs):
    b, a, x, zi, axis = args
    if argnums == (2,):
        return [unbroadcast(backwards(b, a, g, axis), x)]
    one = np.ones(1, g.dtype)
    adjoint = backwards(one, a, g, axis)
    answers = []
    for argnum in argnums:
        if argnum == 0:
            answers.append(match_dtype(lagged_products(adjoint, x, b.shape[0], axis), b.dtype))
        elif argnum == 1:
            found = -lagged_products(adjoint, ans, a.shape[0], axis)
            if zi is not None:
                found = pad_zeros(found[:1] + anp.sum(adjoint * fit_state(zi, x.shape[axis], axis)),
                                  {0: (0, a.shape[0] - 1)}) + pad_zeros(found[1:], {0: (1, 0)})
            answers.append(match_dtype(found, a.dtype))
        elif argnum == 2:
            answers.append(unbroadcast(backwards(b, one, adjoint, axis), x))
        else:
            answers.append(unbroadcast(fit_state(a[0] * adjoint, zi.shape[axis], axis), zi))
    return answers


def tangent(argnums, tangents, ans, args, kwargs):
    b, a, x, zi, axis = args
    total = 0
    for argnum, t in zip(argnums, tangents):
        if argnum == 0:
            total = total + filter_along(t, a, x, None, axis)
        elif argnum == 1:
            total = total - filter_along(t, a, ans, None, axis)
            if zi is not None:
                total = total + filter_along(t[:1], a, fit_state(zi, x.shape[axis], axis), None, axis)
        elif argnum == 2:
            total = total + filter_along(b, a, t, None, axis)
        else:
            total = total + filter_along(a[:1], a, fit_state(t, x.shape[axis], axis), None, axis)
    return broadcast_tangent(total, ans)


def batch_filter(batch, prim, args, kwargs):
    b, a, x, zi, axis = args
    if batch.mapped[0] or batch.mapped[1] or not batch.mapped[2] or zi is not None and not batch.mapped[3]:
        return NotImplemented
    return prim(b, a, x, zi, axis + 1)


defvjp_all(filter_along, cotangents)
defjvp_all(filter_along, tangent)
declare(filter_along, batching=batch_filter, owns_memory=True)


def along_axis(x, axis):
    return normalize_axis_index(operator.index(axis), x.ndim)


def filter_with_state(b, a, x, zi, axis):
    """The filtered signal and the state at its end, which is what the filter would add to the answer from there on."""
    order = max(b.shape[0], a.shape[0]) - 1
    shape = tuple([order if i == axis else n for i, n in enumerate(x.shape)])
    zi = anp.broadcast_to(as_array(zi), shape)
    y = filter_along(b, a, x, zi, axis)
    size = x.shape[axis]
    rest = part_of(zi, {axis: (size, None)})
    if not order:
        return y, rest
    fed, fed_back = (beyond_end(c, each, order, axis) for c, each in ((b, x), (a, y)))
    zf = (fed - fed_back) / a[0]
    return y, zf if size >= order else zf + pad_zeros(rest, {axis: (0, size)})


def beyond_end(c, x, count, axis):
    """The ``count`` elements of c ∗ x behind the end of x."""
    size = x.shape[axis]
    tail = pad_zeros(part_of(x, {axis: (max(size - count, 0), None)}), {axis: (0, count)})
    found = filter_along(c, np.ones(1, tail.dtype), tail, None, axis)
    return part_of(found, {axis: (found.shape[axis] - count, None)})


@define(scipy.signal.lfilter)
def lfilter(b, a, x, axis=-1, zi=None):
    b, a, x = at_least_1d(b), at_least_1d(a), as_array(x)
    if b.ndim != 1 or a.ndim != 1:
        raise ValueError("lfilter: b and a have to be 1-D")
    if x.ndim == 0:
        raise ValueError("x must be at least 1-D")
    axis = along_axis(x, axis)
    return filter_along(b, a, x, None, axis) if zi is None else filter_with_state(b, a, x, zi, axis)


# The state of the answer to a constant 1 solves zₖ = zₖ₊₁ + Bₖ − aₖ₊₁ z₀, where Bₖ = bₖ₊₁ − aₖ₊₁ b₀. The sum of all
# equations gives z₀ = Σ B / Σ a, and the first k of them zₖ = z₀ (a₀ + … + aₖ) − (B₀ + … + Bₖ₋₁).


def first_state(b, a):
    b, a = b / a[0], a / a[0]
    size = max(b.shape[0], a.shape[0])
    b, a = (pad_zeros(each, {0: (0, size - each.shape[0])}) for each in (b, a))
    steps = b[1:] - a[1:] * b[0]
    sums = pad_zeros(anp.cumsum(steps)[:-1], {0: (1, 0)}) if size > 1 else steps
    return anp.cumsum(a)[:-1] * (anp.sum(steps) / anp.sum(a)) - sums


@define(scipy.signal.lfilter_zi)
def lfilter_zi(b, a):
    return first_state(at_least_1d(b), at_least_1d(a))


@define(scipy.signal.lfiltic)
def lfiltic(b, a, y, x=None):
    b, a, y = at_least_1d(b), at_least_1d(a), as_array(y)
    if b.ndim > 1 or a.ndim > 1 or not a.shape[0]:
        raise ValueError("Filter coefficients `b` and `a` must be 1-D, and not empty.")
    order = max(b.shape[0], a.shape[0]) - 1
    past = [(a, -y)] if x is None else [(b, as_array(x)), (a, -y)]
    state = [sum_of_past(c, each, order) for c, each in past]
    return sum(state[1:], state[0]) / a[0]


def sum_of_past(c, past, order):
    """The sums Σⱼ c[m + 1 + j] past[j], for m < ``order``, where both are zero beyond their ends."""
    c = pad_zeros(c[1:], {0: (0, 2 * order)})
    past = fit_state(past, order, 0)
    places = np.arange(order)
    return anp.sum(anp.take(c, places[:, None] + places) * past, -1)


# Sections of second order: one filter after the other


def sections(sos):
    sos = as_array(sos)
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError("sos array must be shape (n_sections, 6)")
    return [(sos[i, :3], sos[i, 3:]) for i in range(sos.shape[0])]


@unary_of(scipy.signal.sosfilt)
def sections_along(x, axis, sos):
    return scipy.signal.sosfilt(sos, x, axis)


def sections_transpose(g, ans, x, axis, sos):
    return match_dtype(anp.flip(sections_along(anp.flip(g, axis), axis, sos), axis), x.dtype)


linear(sections_along, sections_transpose)
runs_along(sections_along)


def sections_with_state(sos, x, zi, axis):
    states = []
    for i, (b, a) in enumerate(sections(sos)):
        x, zf = filter_with_state(b, a, x, zi[i], axis)
        states.append(zf)
    return x, anp.stack(states)


@define(scipy.signal.sosfilt)
def sosfilt(sos, x, axis=-1, zi=None):
    x = as_array(x)
    axis = along_axis(x, axis)
    if not is_traced(sos):
        scipy.signal.sosfilt(sos, np.zeros(1))  # which says what is wrong with the sections
        if zi is None and x.dtype.kind != "c":
            return sections_along(x, axis, np.array(sos))
    if zi is not None:
        return sections_with_state(sos, x, as_array(zi), axis)
    for b, a in sections(sos):
        x = filter_along(b, a, x, None, axis)
    return x


@define(scipy.signal.sosfilt_zi)
def sosfilt_zi(sos):
    scale, states = 1.0, []
    for b, a in sections(sos):
        states.append(scale * first_state(b, a))
        scale = scale * (anp.sum(b) / anp.sum(a))
    return anp.stack(states)
