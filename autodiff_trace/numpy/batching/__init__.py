"""Batching rules, a module a family. Importing this package attaches them."""

from . import axes, contractions, elementwise, indexing, shapes

__all__ = ["axes", "contractions", "elementwise", "indexing", "shapes"]
