"""Which elements depend on which: a trace that follows sets of input elements. Importing this attaches its rules."""

from . import products, reducing
from .trace import trace_dependence

__all__ = ["products", "reducing", "trace_dependence"]
