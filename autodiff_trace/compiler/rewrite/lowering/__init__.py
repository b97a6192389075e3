"""Lowering: from primitives to the cheapest calls of NumPy that compute the same."""

from . import arithmetic as arithmetic
from . import linear_algebra as linear_algebra
from . import moves as moves
from . import networks as networks
from . import reductions as reductions
from . import scatters as scatters
from .table import lower_step

__all__ = ["lower_step"]
