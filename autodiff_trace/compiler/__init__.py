"""Recording: a function's primitives as a program that is printed, drawn, saved, and replayed by ``jit``."""

from .pipeline import PASSES
from .graph.graph import Graph
from .jit import graph, jit
from .jitted import JitWarning
from .backends.numpy_source.threads import num_threads, set_num_threads

__all__ = ["Graph", "JitWarning", "PASSES", "graph", "jit", "num_threads", "set_num_threads"]
