"""Adaptive quadrature of functions that are evaluated at many points at once, and have vectors for values."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Domain", "integrated"]

# The 21 points of Kronrod, every other one of which is Gauss's (QUADPACK, Piessens et al., 1983): those ≥ 0.
POINTS = np.array([
    0.995657163025808080735527280689003, 0.973906528517171720077964012084452, 0.930157491355708226001207180059508,
    0.865063366688984510732096688423493, 0.780817726586416897063717578345042, 0.679409568299024406234327365114874,
    0.562757134668604683339000099272694, 0.433395394129247190799265943165784, 0.294392862701460198131126603103866,
    0.148874338981631210884826001129720, 0.0,
])
WEIGHTS = np.array([
    0.011694638867371874278064396062192, 0.032558162307964727478818972459390, 0.054755896574351996031381300244580,
    0.075039674810919952767043140916190, 0.093125454583697605535065465083366, 0.109387158802297641899210590325805,
    0.123491976262065851077958109831074, 0.134709217311473325928054001771707, 0.142775938577060080797094273138717,
    0.147739104901338491374841515972068, 0.149445554002916905664936468389821,
])
X21 = np.concatenate([-POINTS, POINTS[-2::-1]])
W21 = np.concatenate([WEIGHTS, WEIGHTS[-2::-1]])
W10 = np.zeros(21)
W10[1::2] = np.polynomial.legendre.leggauss(10)[1]

MOST_INTERVALS = 4096

MOST_HALVINGS = 120
"""Of one interval."""

EPSILON = np.finfo(float).eps


class Domain(NamedTuple):
    """From a to b, finite or not, with the intervals to begin with, as QUADPACK has them at its end: within (a, b), or
    within (0, 1) of t where x = c ± (1 − t)/t."""

    a: float
    b: float
    starts: np.ndarray
    ends: np.ndarray
    epsabs: float
    epsrel: float

    def pieces(self):
        """Intervals, for each the finite limit, and the sign with which x goes away from it (0: x = t)."""
        a, b = min(self.a, self.b), max(self.a, self.b)
        starts, ends = self.starts, self.ends
        zeros = np.zeros(len(starts))
        if np.isfinite(a) and np.isfinite(b):
            return starts, ends, zeros, zeros
        if np.isfinite(a) or np.isfinite(b):
            limit, sign = (a, 1.0) if np.isfinite(a) else (b, -1.0)
            return starts, ends, zeros + limit, zeros + sign
        both = np.concatenate
        return both([starts, starts]), both([ends, ends]), both([zeros, zeros]), both([zeros + 1, zeros - 1])


def integrated(f: Callable[[np.ndarray], np.ndarray], domain: Domain) -> tuple[np.ndarray, bool]:
    """∫ f over the domain, where ``f`` takes points (m,) and gives (m, p); and whether the error is what was asked for,
    ``max(epsabs, epsrel |∫ f|)`` in each component."""
    if domain.a == domain.b:
        return 0 * f(np.array([domain.a]))[0], True
    pieces = domain.pieces()
    values, errors, sizes = rule(f, *pieces)
    for i in range(MOST_HALVINGS + 1):
        total = np.sum(values, axis=0)
        tolerance = np.maximum(domain.epsabs, domain.epsrel * np.abs(total))
        is_done = bool(np.all(np.sum(errors, axis=0) <= tolerance))
        if is_done or not np.all(np.isfinite(total)):
            break
        share = np.maximum(tolerance / len(values), 50 * EPSILON * sizes)
        large = np.any(errors > share, axis=1)
        if not large.any() or len(values) > MOST_INTERVALS or i == MOST_HALVINGS:
            break
        starts, ends, limits, signs = (x[large] for x in pieces)
        middle = (starts + ends) / 2
        new = [np.concatenate(x) for x in ((starts, middle), (middle, ends), (limits, limits), (signs, signs))]
        more = rule(f, *new)
        pieces = [np.concatenate([x[~large], y]) for x, y in zip(pieces, new)]
        values, errors, sizes = (np.concatenate([x[~large], y]) for x, y in zip((values, errors, sizes), more))
    return total * (1.0 if domain.b > domain.a else -1.0), is_done


def rule(f, starts, ends, limits, signs):
    """Integrals over the intervals, estimates of their errors as QUADPACK makes them, and integrals of |f|."""
    half = (ends - starts)[:, None] / 2
    t = (starts + ends)[:, None] / 2 + half * X21
    is_plain = signs[:, None] == 0
    with np.errstate(divide="ignore", over="ignore"):
        x = np.where(is_plain, t, limits[:, None] + signs[:, None] * (1 - t) / t)
        factor = half * np.where(is_plain, 1.0, 1 / (t * t))
    y = f(x.reshape(-1))
    y = y.reshape(*x.shape, -1) * factor[:, :, None]
    value, coarse = np.einsum("inp,n->ip", y, W21), np.einsum("inp,n->ip", y, W10)
    size = np.einsum("inp,n->ip", np.abs(y), W21)
    spread = np.einsum("inp,n->ip", np.abs(y - value[:, None] / 2), W21)
    error = np.abs(value - coarse)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = spread * np.minimum(1.0, (200 * error / spread) ** 1.5)
    return value, np.where((spread > 0) & (error > 0), scaled, error), size
