"""Gradient rules, a module a family. Importing this package attaches them."""

from . import (
    complex_parts, contractions, determinants, elementwise, factorizations, indexing, joining, matrix_products,
    norms, reductions, shapes, solving, spectral,
)

__all__ = [
    "complex_parts", "contractions", "determinants", "elementwise", "factorizations", "indexing", "joining",
    "matrix_products", "norms", "reductions", "shapes", "solving", "spectral",
]
