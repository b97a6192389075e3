"""``autograd.misc``: flattening, optimisers, fixed points, and graphs of calls."""

from .flatten import flatten
from .tracers import const_graph

__all__ = ["const_graph", "flatten"]
