"""Recording: a function's primitives as a program that is printed, drawn, saved, and replayed by ``jit``."""

from .graph import Graph
from .jit import graph, jit
from .jitted import JitWarning

__all__ = ["Graph", "JitWarning", "graph", "jit"]
