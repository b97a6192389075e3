"""Losses between probabilities: of two classes, and the Kullback-Leibler divergence."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import caller_line
from ..core.primitives import primitive
from ..core.tracebacks import border
from ..numpy import wrapped as anp
from ..numpy.definers import elementwise
from .activations import sigmoid, softplus
from .deviations import operands
from .reductions import reduced

__all__ = ["binary_cross_entropy", "kl_divergence", "sigmoid_cross_entropy"]


def times(weight, x):
    """The product, 0 where the weight is, even of an infinite number."""
    with np.errstate(invalid="ignore"):
        return np.where(np.equal(weight, 0), weight, weight * x)[()]


def check_shares(y, name, what):
    """Raise ValueError for numbers below 0 or above 1 by more than rounding."""
    slack = 16 * np.finfo(y.dtype).eps if getattr(getattr(y, "dtype", None), "kind", None) == "f" else 0
    if np.size(y) and (np.min(y) < -slack or np.max(y) > 1 + slack):
        of_logits = ". Of logits write sigmoid_cross_entropy(logits, labels)" if what == "probabilities" else ""
        raise ValueError(f"{name}: {what} are from 0 to 1, not from {np.min(y)} to {np.max(y)}{of_logits}")


@primitive
def logit_losses(x, y):
    check_shares(y, "sigmoid_cross_entropy", "labels")
    return times(y, softplus.fun(-x)) + times(1 - y, softplus.fun(x))


# Each share by itself: sigmoid(x) − y would lose the digits of what is small.
elementwise(
    logit_losses, lambda ans, x, y: (1 - y) * sigmoid(x) - y * sigmoid(-x), lambda ans, x, y: -x, shows_nan=True,
)


@border
def sigmoid_cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """The mean of ``binary_cross_entropy(sigmoid(logits), labels)``, also where the sigmoid is rounded to 0 or 1.

    Arguments:
        logits: an array of any shape.
        labels: an array of its shape, of truth values, or of probabilities from 0 to 1.
        reduction: "mean" or "sum" over all elements, or "none" for the loss of each.

    Raises ValueError where shapes do not fit, and for labels that are none.

    >>> import numpy as np
    >>> sigmoid_cross_entropy(np.array([0.0, 1000.0, 1000.0]), np.array([1, 1, 0]), reduction="none")
    array([6.93147181e-01, 0.00000000e+00, 1.00000000e+03])
    """
    logits, labels = operands("sigmoid_cross_entropy", logits, labels, "logits labels")
    return reduced("sigmoid_cross_entropy", logit_losses(logits, labels), reduction)


@primitive
def probability_losses(p, y):
    check_shares(p, "binary_cross_entropy", "probabilities")
    check_shares(y, "binary_cross_entropy", "labels")
    p = within(p)
    with np.errstate(divide="ignore"):
        return 0 - times(y, np.log(p)) - times(1 - y, np.log1p(-p))


def within(p):
    """``p`` without what rounding has added at the ends."""
    return anp.where(anp.greater(p, 1), 1, anp.where(anp.less(p, 0), 0, p))


def probability_slope(ans, p, y):
    p = within(p)
    return share_over(1 - y, 1 - p) - share_over(y, p)


@primitive
def share_over(y, p):
    """``y / p``, 0 where ``y`` is, even of a zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.equal(y, 0), y, y / p)[()]


@primitive
def log_odds(p):
    with np.errstate(divide="ignore"):
        return np.log1p(-p) - np.log(p)


elementwise(share_over, lambda ans, y, p: 1 / p, lambda ans, y, p: -share_over(ans, p), singular=True)
elementwise(log_odds, lambda ans, p: -1 / (p * (1 - p)), singular=True)
elementwise(
    probability_losses, probability_slope, lambda ans, p, y: log_odds(within(p)), singular=True,
)


@border
def binary_cross_entropy(probabilities: Any, labels: Any, reduction: str = "mean") -> Any:
    """The mean of ``-labels * log(p) - (1 - labels) * log(1 - p)``; of logits use :func:`sigmoid_cross_entropy`.

    Arguments:
        probabilities: an array of numbers from 0 to 1.
        labels, reduction: as in ``sigmoid_cross_entropy``.

    The loss of a probability 0 of what is the case is infinite. Raises ValueError where shapes do not fit, and for
    probabilities and labels that are none.

    >>> import numpy as np
    >>> binary_cross_entropy(np.array([0.5, 1.0]), np.array([0, 1]), reduction="none")
    array([0.69314718, 0.        ])
    """
    p, labels = operands("binary_cross_entropy", probabilities, labels, "probabilities labels")
    return reduced("binary_cross_entropy", probability_losses(p, labels), reduction)


@primitive
def divergences(log_q, p):
    check_shares(p, "kl_divergence", "targets")
    with np.errstate(divide="ignore", invalid="ignore"):
        return times(p, np.log(p) - log_q)


elementwise(
    divergences, lambda ans, log_q, p: -p, lambda ans, log_q, p: anp.log(p) + 1 - log_q, singular=True,
)


@border
def kl_divergence(log_predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The mean over examples of the sum of ``targets * (log(targets) - log_predictions)``.

    How far the distribution of the predictions is from that of the targets (Kullback and Leibler, 1951).

    Arguments:
        log_predictions: logarithms of probabilities, of shape (..., classes), as ``log_softmax`` gives them.
        targets: probabilities, of the same shape; what is 0 counts for nothing.
        reduction: "mean" or "sum" over examples, or "none" for each.

    Raises ValueError where shapes do not fit, and for targets that are no probabilities.

    >>> import numpy as np
    >>> log_q, p = np.log(np.array([[0.5, 0.5]])), np.array([[0.0, 1.0]])
    >>> float(kl_divergence(log_q, p))
    0.6931471805599453
    """
    log_q, p = operands("kl_divergence", log_predictions, targets, "log_predictions targets")
    if not log_q.ndim:
        raise ValueError(f"kl_divergence: log_predictions are a number, not rows of them ({caller_line()})")
    return reduced("kl_divergence", anp.sum(divergences(log_q, p), axis=-1), reduction)
