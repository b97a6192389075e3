"""The metrics, each a function of all pairs of rows of two matrices; ``cdist``, ``pdist`` and the functions of two
vectors are made of these.

Where points coincide distances have a kink: the derivative there is 0, as that of a norm at 0.
"""

from __future__ import annotations

import numpy as np

from ....core.errors import TracedValueError, caller_line
from ....core.primitives import primitive
from ....core.tracer import is_box
from ....core.traits import ANSWER, ARGUMENTS
from ....numpy import linalg as np_linalg
from ....numpy import wrapped as anp
from ....numpy.canonical import as_array
from ....numpy.definers import elementwise
from ....numpy.rules.matrices import column, row, transposed
from ....numpy.rules.norms import norm_of_vectors
from ....transforms.stopping import stop_gradient
from .euclidean import euclidean_pairs, square_pairs

__all__ = ["METRICS", "jensenshannon", "metric_of", "real", "root"]


def real(x):
    """``x`` in double precision, in which SciPy computes distances."""
    x = as_array(x)
    if x.dtype.kind == "c":
        raise TypeError("distances are of real vectors")
    return x if x.dtype == np.float64 else anp.astype(x, np.float64)


def weights(w):
    if w is None:
        return None
    if not is_box(w) and np.any(np.asarray(w) < 0):
        raise ValueError("Input weights should be all non-negative")
    return real(w)


def differences(x, y):
    """x − y, for each pair and coordinate."""
    return anp.expand_dims(x, -2) - anp.expand_dims(y, -3)


def weighed(x, w):
    return x if w is None else x * weights(w)


def root(x):
    """√x, and 0 with the derivative 0 where x is 0."""
    is_above = anp.greater(x, 0)
    return anp.where(is_above, anp.sqrt(anp.where(is_above, x, 1)), anp.where(anp.isnan(x), x, 0))


def quotient(x, y):
    """x / y, and 0 where both are 0."""
    is_zero = anp.equal(y, 0)
    return anp.where(is_zero, 0, x / anp.where(is_zero, 1, y))


@primitive
def ratio(x, y):
    """x / y, of which NumPy does not warn."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(x, y)


elementwise(
    ratio, lambda ans, x, y: ratio(1.0, y), lambda ans, x, y: -ratio(ans, y), singular=True,
    unread={0: (0, ANSWER), 1: (0,), (0, 1): (0,)},
)


def euclidean(x, y, w=None):
    if w is None:
        return euclidean_pairs(x, y)
    if is_box(w):  # which has a derivative where it is 0, too
        return root(sqeuclidean(x, y, w))
    scale = root(weights(w))
    return euclidean_pairs(x * scale, y * scale)


def sqeuclidean(x, y, w=None):
    if w is None:
        return square_pairs(x, y)
    d = differences(x, y)
    return anp.sum(weighed(d * d, w), axis=-1)


def cityblock(x, y, w=None):
    return anp.sum(weighed(anp.absolute(differences(x, y)), w), axis=-1)


def chebyshev(x, y, w=None):
    d = anp.absolute(differences(x, y))
    return anp.max(d if w is None else anp.where(anp.greater(weights(w), 0), d, 0), axis=-1)


def minkowski(x, y, p=2, w=None):
    if not is_box(p):
        if p <= 0:
            raise ValueError("p must be greater than 0")
        if p in (1, 2, np.inf):
            return {1: cityblock, 2: euclidean, np.inf: chebyshev}[p](x, y, w)
    d = differences(x, y)
    if is_box(p) or is_box(w):
        powers = weighed(positive_power(anp.absolute(d), p), w)
        return positive_power(anp.sum(powers, axis=-1), 1 / p)
    return norm_of_vectors(d if w is None else weights(w) ** (1 / p) * d, p, (d.ndim - 1,), False)


def positive_power(x, p):
    """xᵖ of p > 0, and 0 with the derivative 0 where x is 0."""
    is_zero = anp.equal(x, 0)
    return anp.where(is_zero, 0, anp.where(is_zero, 1, x) ** p)


def both(x, y):
    """The rows of both."""
    if x is y:
        return x
    return anp.concatenate([x, y], axis=-2)


def seuclidean(x, y, V=None):
    variance = anp.var(both(x, y), axis=-2, ddof=1) if V is None else real(V)
    scale = 1 / anp.sqrt(variance)
    return euclidean_pairs(x * scale, y * scale)


def mahalanobis(x, y, VI=None):
    if VI is None:
        rows = both(x, y)
        if rows.shape[-2] <= rows.shape[-1]:
            raise ValueError(
                f"The number of observations ({rows.shape[-2]}) is too small; the covariance matrix is singular."
            )
        VI = np_linalg.inv(anp.atleast_2d(anp.cov(transposed(rows))))
    d = differences(x, y)
    return root(anp.sum(d @ real(VI) * d, axis=-1))


def cosine(x, y, w=None):
    xw = weighed(x, w)
    x_square, y_square = anp.sum(xw * x, axis=-1), anp.sum(weighed(y * y, w), axis=-1)
    lengths = column(root(x_square)) * row(root(y_square))
    distance = 1 - ratio(xw @ transposed(y), lengths)
    return distance - stop_gradient(distance - anp.clip(distance, 0, 2))  # rounding is cut off, and no derivative


def correlation(x, y, w=None, centered=True):
    if not centered:
        return cosine(x, y, w)
    part = 1 / x.shape[-1] if w is None else weights(w) / anp.sum(weights(w))
    x, y = [each - anp.sum(each * part, axis=-1, keepdims=True) for each in (x, y)]
    return cosine(x, y, w)


def canberra(x, y, w=None):
    size = anp.expand_dims(anp.absolute(x), -2) + anp.expand_dims(anp.absolute(y), -3)
    return anp.sum(weighed(quotient(anp.absolute(differences(x, y)), size), w), axis=-1)


def braycurtis(x, y, w=None):
    sums = anp.absolute(anp.expand_dims(x, -2) + anp.expand_dims(y, -3))
    return ratio(anp.sum(weighed(anp.absolute(differences(x, y)), w), axis=-1), anp.sum(weighed(sums, w), axis=-1))


@primitive
def relative_entropy(p, m):
    """p log(p / m) of numbers ≥ 0, of which p = 0 or m = 0 gives 0."""
    is_there = (p > 0) & (m > 0)
    return p * np.log(np.where(is_there, p, 1) / np.where(is_there, m, 1))


def log_ratio(p, m):
    """log(p / m), −∞ where p is 0, and 0 where both are."""
    is_there = anp.greater(m, 0)
    with np.errstate(divide="ignore"):
        return anp.where(is_there, anp.log(anp.where(is_there, p, 1) / anp.where(is_there, m, 1)), 0)


elementwise(
    relative_entropy, lambda ans, p, m: log_ratio(p, m) + 1, lambda ans, p, m: -quotient(p, m), singular=True,
    reads=ARGUMENTS,
)


def jensenshannon(x, y, base=None):
    x, y = [each / anp.sum(each, axis=-1, keepdims=True) for each in (x, y)]
    x, y = anp.expand_dims(x, -2), anp.expand_dims(y, -3)
    middle = (x + y) / 2
    ans = anp.sum(relative_entropy(x, middle) + relative_entropy(y, middle), axis=-1) / 2
    return root(ans if base is None else ans / np.log(base))


METRICS = {
    each.__name__: each
    for each in (
        euclidean, sqeuclidean, cityblock, chebyshev, minkowski, seuclidean, mahalanobis, cosine, correlation, canberra,
        braycurtis, jensenshannon,
    )
}
OTHER_NAMES = {
    "ch": "chebyshev", "chebychev": "chebyshev", "cheby": "chebyshev", "cheb": "chebyshev", "cb": "cityblock",
    "c": "cityblock", "cblock": "cityblock", "co": "correlation", "cos": "cosine", "e": "euclidean", "eu": "euclidean",
    "euclid": "euclidean", "js": "jensenshannon", "mah": "mahalanobis", "mahal": "mahalanobis", "mi": "minkowski",
    "pnorm": "minkowski", "m": "minkowski", "se": "seuclidean", "s": "seuclidean", "sqeuclid": "sqeuclidean",
    "sqe": "sqeuclidean",
}


def metric_of(metric):
    """The function of all pairs for one of SciPy's names, or for a function of two vectors."""
    if callable(metric):
        name = getattr(metric, "__name__", "")
        if getattr(metric, "__module__", "").startswith("scipy.spatial.distance") and name in METRICS:
            return METRICS[name]
        return lambda x, y, **params: anp.stack([anp.stack([metric(u, v, **params) for v in y]) for u in x])
    name = OTHER_NAMES.get(metric.lower(), metric.lower())
    if name not in METRICS:
        raise TracedValueError(
            f"the metric {metric!r} has no derivative, or is unknown ({caller_line()}): those of true and false and of "
            "counts change in steps. Those that can be traced: " + ", ".join(sorted(METRICS)) + "."
        )
    return METRICS[name]
