"""The Jacobian at a point, of a function that is called once: all rows at once, or all columns, or row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.infinitesimals import settled
from ..core.tracer import box_classes
from ..numpy import wrapped as anp
from ..transforms import jacrev
from ..transforms.flat_function import FlatFunction
from ..transforms.jacobians import rows_by_pullback
from .cotangents import NeedsSinglePasses, passes_are_plain
from .recording import (
    Recording, call_as_autograd, flatten, take_leaf, take_output, unflatten, warn_of_independence,
)
from .vspaces import vspace

__all__ = ["jacobian_at"]

OPTIONS = {"argnums": 0, "argnames": None, "has_aux": False}


def jacobian_at(fun: Callable, x: Any) -> Any:
    """The Jacobian of ``fun`` at ``x``, of shape (out…, in…).

    The rows are the pullback of the unit vectors. Where there are many more outputs than inputs, columns are: the
    pullback is linear, so that its own pullback pushes forward.
    """
    list(map(take_leaf, flatten(x)[0]))
    try:
        flat = FlatFunction.of_call("jacobian", as_autograd(fun), OPTIONS, (x,), {})
        flat.record()
        by_columns = columns(flat)
        return settled(rows_by_pullback(flat, None) if by_columns is None else by_columns)
    except NeedsSinglePasses:
        recording = Recording(fun, x)
        (output,) = recording.values
        rows = [recording.pull(each) for each in vspace(output).standard_basis()]
        return settled(anp.reshape(anp.stack(rows), (*output.shape, *rows[0].shape)))


def columns(flat: FlatFunction) -> Any:
    """The Jacobian by columns, where that takes fewer passes and the rules can be differentiated; else None."""
    if len(flat.inputs) != 1 or flat.count != 1:
        return None
    (x,), (ans,) = flat.inputs, flat.outputs
    if np.size(ans) <= 2 * np.size(x) or anp.iscomplexobj(x) or anp.iscomplexobj(ans) or flat.nodes[0] is None:
        return None
    token = passes_are_plain.set(True)
    try:
        transposed = jacrev(lambda g: flat.pull(g)[0])(anp.zeros_like(ans))
    except (NeedsSinglePasses, NotImplementedError):  # a rule of a client, one without a derivative of its own
        return None
    finally:
        passes_are_plain.reset(token)
    ndim = np.ndim(x)
    return anp.transpose(transposed, (*range(ndim, np.ndim(transposed)), *range(ndim)))


def as_autograd(fun: Callable) -> Callable:
    """``fun`` under autograd's habits: ``y += x`` of an array ``y`` and a traced ``x`` makes a new array, NumPy's
    ``array([x])`` one of objects, and traced values that outlive the call, a loss that is kept to be compared, go on as
    constants."""

    def call(*args, **kwargs):
        for x in flatten(args)[0]:
            if type(x) in box_classes:
                x._trace.leaves_constants = True
        leaves, structure = take_output(call_as_autograd(fun, *args, **kwargs))
        if not any(type(x) in box_classes and x._node is not None for x in leaves):
            warn_of_independence()
        return unflatten(structure, leaves)

    return call
