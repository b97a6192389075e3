"""Batching rules, a module a family. Importing this package attaches them."""

from . import axes, contractions, einsum, elementwise, indexing, linalg, ordering, shapes

__all__ = ["axes", "contractions", "einsum", "elementwise", "indexing", "linalg", "ordering", "shapes"]
