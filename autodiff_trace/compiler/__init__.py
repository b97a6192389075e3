"""Recording: a function's primitives as a program that is printed, drawn, saved, and replayed by ``jit``."""

from .graph import Graph
from .jit import graph, jit

__all__ = ["Graph", "graph", "jit"]
