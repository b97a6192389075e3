"""Batching rules, a module a family. Importing this package attaches them."""

from . import axes, indexing, ordering, shapes

__all__ = ["axes", "indexing", "ordering", "shapes"]
