"""The box of arrays, which is the package's own, and its methods by name."""

from ...numpy.array_box import ArrayBox
from ..builtins import SequenceBox
from ..tracer import Box, primitive, trace_primitives_map

__all__ = [
    "ArrayBox", "Box", "SequenceBox", "diff_methods", "nondiff_methods", "primitive", "trace_primitives_map",
]

nondiff_methods = "all any argmax argmin argpartition argsort nonzero searchsorted round".split()
diff_methods = """
    clip compress cumprod cumsum diagonal max mean min prod ptp ravel repeat reshape squeeze std sum swapaxes take trace
    transpose var
""".split()
