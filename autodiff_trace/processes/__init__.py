"""Rows over the cores of one machine: a function that takes long, mapped by processes that share their arrays."""

from .pool import ProcessPool, WorkerError

__all__ = ["ProcessPool", "WorkerError"]
