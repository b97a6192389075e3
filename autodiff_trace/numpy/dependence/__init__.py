"""Which elements depend on which: a trace that follows sets of input elements. Importing this attaches its rules."""

from . import joining, moving, products
from .trace import trace_dependence

__all__ = ["joining", "moving", "products", "trace_dependence"]
