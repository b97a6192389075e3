"""Batching rules, a module a family. Importing this package attaches them."""

from . import axes, fft, indexing, ordering, shapes

__all__ = ["axes", "fft", "indexing", "ordering", "shapes"]
