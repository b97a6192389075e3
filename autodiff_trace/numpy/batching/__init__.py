"""Batching rules, a module a family. Importing this package attaches them."""

from . import axes, contractions, einsum, elementwise, fft, linalg, ordering

__all__ = ["axes", "contractions", "einsum", "elementwise", "fft", "linalg", "ordering"]
