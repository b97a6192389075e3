"""Gradient rules, a module a family."""
from . import elementwise
