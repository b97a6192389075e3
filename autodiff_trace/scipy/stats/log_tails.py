"""Logarithms of the incomplete gamma and beta functions, right where those underflow."""

from __future__ import annotations

import numpy as np

from ...core.recording import is_recording
from ...numpy import wrapped as anp
from ...transforms.stopping import to_numpy
from .. import special
from ..special.families import differentiate_in_several, family

__all__ = ["log_betainc", "log_gammainc", "log_gammaincc", "log_rest", "upper_fraction"]

TINY = 1e-280


def blend(ans, far):
    """log(ans), and ``far()`` where that is too small to have all its digits."""
    is_far = anp.less(ans, TINY)
    near = anp.log(anp.where(is_far, 1.0, ans))
    return anp.where(is_far, far(is_far), near)


def log_rest(level):
    """log(1 − e^(−H)) of level = log H: for small H, which may underflow, level + log((1 − e^(−H)) / H)."""
    is_large = anp.greater(level, 0)
    small, large = anp.where(is_large, 0.0, level), anp.where(is_large, level, 1.0)
    near = small + anp.log(special.exprel(-anp.exp(small)))
    return anp.where(is_large, anp.log1p(-anp.exp(-anp.exp(large))), near)


def log_gammainc(a, x):
    # DLMF 8.5.1, a series of positive terms
    def far(is_far):
        y = anp.where(is_far, x, 1.0)
        return special.xlogy(a, y) - y - special.gammaln(a + 1) + anp.log(special.hyp1f1(1.0, a + 1, y))

    ans = special.gammainc(a, x)
    return blend(ans, far) if may_be(ans) else anp.log(ans)


def log_gammaincc(a, x):
    def far(is_far):
        y = anp.where(is_far, x, 2 * a + 100)
        return special.xlogy(a, y) - y - special.gammaln(a) - anp.log(upper_fraction(a, y, 0, 0))

    ans = special.gammaincc(a, x)
    return blend(ans, far) if may_be(ans) else anp.log(ans)


def log_betainc(a, b, x, y):
    """Of x and y = 1 − x."""
    # DLMF 8.17.8
    def far(is_far):
        u, v = anp.where(is_far, x, 0.5), anp.where(is_far, y, 0.5)
        head = special.xlogy(a, u) + special.xlogy(b, v) - anp.log(a) - special.betaln(a, b)
        return head + anp.log(special.hyp2f1(1.0, a + b, a + 1, u))

    ans = anp.where(anp.less(x, 0.5), special.betainc(a, b, x), special.betaincc(b, a, y))
    return blend(ans, far) if may_be(ans) else anp.log(ans)


def may_be(ans):
    """Whether some elements are tiny, or may be in another run of a recorded program."""
    return is_recording() or bool(np.any(to_numpy(ans) < TINY))


def upper_fraction(a, x, i, j):
    """Derivatives of orders i in a and j in x of the fraction x + 1 − a − 1(1 − a) / (x + 3 − a − …), DLMF 8.9.2."""

    def fraction(a, x):
        total = x + 81 - a
        for n in range(40, 0, -1):
            total = x + (2 * n - 1) - a - n * (n - a) / total
        return total

    a, x = np.broadcast_arrays(a, x)
    radius = 0.25 * np.maximum(x - a, 1.0)
    return differentiate_in_several(fraction, [a, x], [radius, radius], (i, j), "gammaincc")


upper_fraction = family(upper_fraction, "a x")
