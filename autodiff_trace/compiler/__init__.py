"""Recording: a function's primitives as a graph that can be printed and evaluated again."""

from .graph import Graph, graph
from .jit import jit

__all__ = ["Graph", "graph", "jit"]
