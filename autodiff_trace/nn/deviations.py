"""Losses by how far predictions are from targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import caller_line
from ..core.primitives import primitive
from ..core.tracebacks import border
from ..numpy import wrapped as anp
from ..numpy.canonical import as_array
from ..numpy.definers import elementwise
from .reductions import as_hyperparameter, reduced

__all__ = ["huber", "mae", "mse", "operands"]

NUMBERS = bool, int, float


def beside(x: Any) -> type:
    """The type of numbers for one that stands beside ``x``."""
    return x.dtype.type if getattr(getattr(x, "dtype", None), "kind", None) in ("f", "c") else np.float64


def operands(name: str, predictions: Any, targets: Any, words: str = "predictions targets") -> tuple[Any, Any]:
    """Both as arrays of floating-point numbers. Raises ValueError where they broadcast to a shape that neither has: of
    (n, 1) and (n,) to (n, n), every prediction with every target."""
    x, y = (each if type(each) in NUMBERS else as_array(each) for each in (predictions, targets))
    # One of Python's numbers has the precision of what stands beside it.
    x = beside(y)(x) if type(x) in NUMBERS else x
    y = beside(x)(y) if type(y) in NUMBERS else y
    x, y = in_precision_of(y, x), in_precision_of(x, y)
    if x.shape != y.shape:
        try:
            fits = np.broadcast_shapes(x.shape, y.shape) in (x.shape, y.shape)
        except ValueError:
            fits = False
        if not fits:
            first, second = words.split()
            raise ValueError(
                f"{name}: {first} have shape {x.shape}, but {second} {y.shape} ({caller_line()}). Write "
                "x.reshape(y.shape) where they belong together"
            )
    if "c" in (x.dtype.kind, y.dtype.kind) and name != "mae":
        raise TypeError(f"{name}: {words.replace(' ', ' or ')} are complex ({caller_line()}). Write {name}(x.real, "
                        "y.real), or the loss of another number, anp.absolute(x - y)")
    return x, y


def in_precision_of(other: Any, x: Any) -> Any:
    """Integers and truth values, which would wrap around, as floating-point numbers, of the precision of ``other``."""
    return anp.astype(x, beside(other)) if x.dtype.kind in "biu" else x


@border
def mse(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The mean of the squared differences.

    Arguments:
        reduction: "mean" or "sum" over all elements, or "none" for the loss of each.

    >>> import numpy as np
    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    predictions, targets = operands("mse", predictions, targets)
    return reduced("mse", anp.square(predictions - targets), reduction)


@border
def mae(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The mean of the absolute differences.

    Arguments:
        reduction: as in ``mse``.

    >>> import numpy as np
    >>> float(mae(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """
    predictions, targets = operands("mae", predictions, targets)
    return reduced("mae", anp.absolute(predictions - targets), reduction)


@primitive
def huber_of(difference, delta):
    clipped = np.minimum(np.maximum(difference, -delta), delta)
    return clipped * (difference - 0.5 * clipped)


elementwise(
    huber_of, lambda ans, difference, delta: anp.clip(difference, -delta, delta),
    lambda ans, difference, delta: anp.maximum(anp.absolute(difference) - delta, 0), shows_nan=True,
)


@border
def huber(predictions: Any, targets: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
    """The mean of d² / 2 for differences d up to ``delta``, ``delta * (abs(d) - delta / 2)`` beyond (Huber, 1964).

    Arguments:
        delta: a number above 0.
        reduction: as in ``mse``.

    >>> import numpy as np
    >>> huber(np.array([1.0, 2.0]), np.array([1.5, 12.0]), reduction="none")
    array([0.125, 9.5  ])
    """
    delta = as_hyperparameter(delta)
    if isinstance(delta, (str, list, tuple, np.ndarray)) or not delta > 0:
        raise ValueError(f"huber: delta is a number above 0, not {delta!r} ({caller_line()})")
    predictions, targets = operands("huber", predictions, targets)
    difference = predictions - targets
    return reduced("huber", huber_of(difference, delta), reduction)
