"""What users call of the compiler."""

from .backends.numpy_source.threads import num_threads as num_threads, set_num_threads as set_num_threads
from .jit import Graph as Graph, graph as graph, jit as jit
from .failures import JitWarning as JitWarning
from .pass_names import PASSES as PASSES
