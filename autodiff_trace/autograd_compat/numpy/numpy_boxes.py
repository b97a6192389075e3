"""The box of arrays, which is the package's own."""

from ...numpy.array_box import ArrayBox
from ..builtins import SequenceBox

__all__ = ["ArrayBox", "SequenceBox"]
