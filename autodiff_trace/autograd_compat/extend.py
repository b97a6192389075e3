"""What authors of rules import: primitives, rules in curried form, vector spaces, boxes."""

from .core import JVPNode, VJPNode
from .rules import (
    def_linear, defjvp, defjvp_argnum, defjvp_argnums, defvjp, defvjp_argnum, defvjp_argnums,
)
from .tracer import Box, notrace_primitive, primitive, register_notrace
from .vspaces import SparseObject, VSpace, vspace

__all__ = [
    "Box", "JVPNode", "SparseObject", "VJPNode", "VSpace", "def_linear", "defjvp", "defjvp_argnum", "defjvp_argnums",
    "defvjp", "defvjp_argnum", "defvjp_argnums", "notrace_primitive", "primitive", "register_notrace", "vspace",
]
