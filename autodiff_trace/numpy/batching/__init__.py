"""Batching rules, a module a family. Importing this package attaches them."""

from . import axes, contractions, elementwise, indexing, linalg, shapes

__all__ = ["axes", "contractions", "elementwise", "indexing", "linalg", "shapes"]
