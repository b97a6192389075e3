"""Gradient rules, a module a family. Importing this package attaches them."""

from . import (
    complex_parts, contractions, cumulative, determinants, differences, elementwise, extrema, factorizations, indexing,
    interpolation, joining, matrix_products, nan_functions, norms, ordering, quantiles, reductions, sets, shapes,
    solving, spectral, statistics, variances,
)

__all__ = [
    "complex_parts", "contractions", "cumulative", "determinants", "differences", "elementwise", "extrema",
    "factorizations", "indexing", "interpolation", "joining", "matrix_products", "nan_functions", "norms", "ordering",
    "quantiles", "reductions", "sets", "shapes", "solving", "spectral", "statistics", "variances",
]
