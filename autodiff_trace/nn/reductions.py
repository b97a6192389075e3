"""From the losses of examples to one number."""

from __future__ import annotations

from typing import Any

from ..core.errors import caller_line
from ..numpy import wrapped as anp

__all__ = ["reduced"]


def reduced(name: str, losses: Any, reduction: str) -> Any:
    """``losses`` as their "mean", their "sum", or, of "none", themselves."""
    if reduction == "mean":
        return anp.mean(losses)
    if reduction == "sum":
        return anp.sum(losses)
    if reduction == "none":
        return losses
    raise ValueError(f"{name}: reduction is 'mean', 'sum' or 'none', not {reduction!r} ({caller_line()})")
