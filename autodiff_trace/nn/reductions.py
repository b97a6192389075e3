"""From the losses of examples to one number, and numbers that say how a function computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import caller_line
from ..numpy import wrapped as anp

__all__ = ["as_hyperparameter", "reduced"]


def reduced(name: str, losses: Any, reduction: str) -> Any:
    """``losses`` as their "mean", their "sum", or, of "none", themselves."""
    if reduction == "mean":
        return anp.mean(losses)
    if reduction == "sum":
        return anp.sum(losses)
    if reduction == "none":
        return losses
    raise ValueError(f"{name}: reduction is 'mean', 'sum' or 'none', not {reduction!r} ({caller_line()})")


def as_hyperparameter(value: Any) -> Any:
    """A NumPy scalar as a number of Python's, beside which single precision stays what it is."""
    return float(value) if isinstance(value, np.floating) else value
