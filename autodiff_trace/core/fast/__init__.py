"""What is written out for speed, or for memory. Each module says which plain piece of the core it takes the place of.

All takes its place here, before anything else has been made of the core; with ``AUTODIFF_TRACE_PLAIN=1`` in the
environment nothing does, so that the plain pieces run (``tests/test_plain.py``, in which both have to agree).
"""

from __future__ import annotations

import os

from .. import backward, primitives
from ..batching import BatchTrace
from ..derivative import DerivativeTrace
from ..forward import JVPTrace
from ..reverse import VJPTrace
from ..tracer import EndedTrace
from . import calls, nodes, passing, processing

__all__ = ["install"]


def install() -> None:
    """Put the fast pieces in the place of the plain ones."""
    primitives.wrap_function = calls.wrap_function
    backward.backward_pass = passing.backward_pass
    DerivativeTrace.process = processing.process
    DerivativeTrace.process_one = processing.process_one
    VJPTrace.process_one = processing.record_one
    VJPTrace.make_node = staticmethod(nodes.make_node)
    VJPTrace.make_lasting_node = staticmethod(nodes.make_lasting_node)
    VJPTrace.what_output_nodes_read = nodes.what_output_nodes_read
    for kind in (BatchTrace, EndedTrace, JVPTrace, VJPTrace):
        kind.overwrites = True  # see ownership


if os.environ.get("AUTODIFF_TRACE_PLAIN") != "1":
    install()
