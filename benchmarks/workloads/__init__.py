"""The workloads, a module a kind; each lists its own in ``WORKLOADS``, in the order of the table."""

from __future__ import annotations

from ..workload import Workload
from . import (
    convolution, dense, elementwise, gaussian_mixture, gaussian_process, higher_order, inference, kalman, lstm,
    overhead, pendulum, reductions, regressions, sizes, small_matrices, spline,
)

__all__ = ["ALL"]

MODULES = (
    overhead, dense, elementwise, higher_order, gaussian_mixture, lstm, convolution, kalman, spline, inference,
    gaussian_process, regressions, small_matrices, pendulum, reductions, sizes,
)

ALL: tuple[Workload, ...] = tuple(workload for module in MODULES for workload in module.WORKLOADS)
