"""Recording: a function's primitives as a program that is printed, drawn, saved, and replayed by ``jit``."""

from typing import TYPE_CHECKING

from . import graph as _modules_of_graphs  # noqa: F401, a package: the function of this name takes its place below
from .backends.numpy_source.threads import num_threads, set_num_threads
from .jit import graph, jit
from .pass_names import PASSES

if TYPE_CHECKING:
    from .graph.graph import Graph
    from .jitted import JitWarning

__all__ = ["Graph", "JitWarning", "PASSES", "graph", "jit", "num_threads", "set_num_threads"]


def __getattr__(name):
    if name == "Graph":
        from .graph.graph import Graph as found
    elif name == "JitWarning":
        from .jitted import JitWarning as found
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found


def __dir__():
    return sorted({*globals(), *__all__})
