"""The workloads, a module a kind; each lists its own in ``WORKLOADS``, in the order of the table."""

from __future__ import annotations

from ..workload import Workload
from . import overhead

__all__ = ["ALL"]

ALL: tuple[Workload, ...] = (*overhead.WORKLOADS,)
