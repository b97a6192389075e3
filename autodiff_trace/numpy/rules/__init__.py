"""Gradient rules, a module a family. Importing this package attaches them."""

from . import (
    applying, complex_domain, complex_parts, contractions, covariances, creation, cumulative, determinants,
    diagonals, differences, division, donation, einsum, elementwise, extrema, factorizations, fft, histograms,
    indexing, interpolation, joining, lengths, matrix_products, nan_functions, norms, ordering, padding,
    polynomials, powers, products, quantiles, ranges, rearranging, reductions, repeated_values, scattering,
    selecting, sets, shapes, singular_values, solving, special_functions, spectral, splitting, statistics, steps,
    variances, windows, writing,
)

__all__ = [
    "applying", "complex_domain", "complex_parts", "contractions", "covariances", "creation", "cumulative",
    "determinants", "diagonals", "differences", "division", "donation", "einsum", "elementwise", "extrema",
    "factorizations", "fft", "histograms", "indexing", "interpolation", "joining", "lengths", "matrix_products",
    "nan_functions", "norms", "ordering", "padding", "polynomials", "powers", "products", "quantiles", "ranges",
    "rearranging", "reductions", "repeated_values", "scattering", "selecting", "sets", "shapes", "singular_values",
    "solving", "special_functions", "spectral", "splitting", "statistics", "steps", "variances", "windows",
    "writing",
]
