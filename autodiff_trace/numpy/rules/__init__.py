"""Gradient rules, a module a family. Importing this package attaches them."""

from . import complex_parts, contractions, elementwise, indexing, joining, reductions, shapes

__all__ = ["complex_parts", "contractions", "elementwise", "indexing", "joining", "reductions", "shapes"]
