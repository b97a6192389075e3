"""Lowering of functions of ``numpy.linalg``: their quick forms."""

from __future__ import annotations

from ....numpy import linalg
from .table import lowers


@lowers(linalg.det, linalg.inv, linalg.slogdet, linalg.solve)
def lower_quick_form(step):
    return step.with_call(step.function.traits.fast_fun, step.args, step.kwargs)
