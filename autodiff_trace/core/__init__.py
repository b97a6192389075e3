"""The tracing core: knows no NumPy function and no rule."""

from . import fast  # before others make anything of the plain pieces
from . import batching, forward, reverse  # every mode adds its table of rules before the first primitive is made

__all__ = ["batching", "fast", "forward", "reverse"]
