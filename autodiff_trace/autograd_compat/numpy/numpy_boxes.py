"""The box of arrays, which is the package's own."""

from ...numpy.array_box import ArrayBox

__all__ = ["ArrayBox"]
