"""Dependence through functions that move elements: they are applied to the numbers of the elements themselves.

The elements of the operands are numbered from 1, those that do not depend on the inputs are 0, and so are the zeros
that such functions put in. What the function makes of the numbers says where each element of the answer comes from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tracer import to_value
from .. import wrapped as anp
from ..rules.einsum import select_axes
from ..rules.fft import fftshift, ifftshift
from ..rules.making import join_nested
from ..rules.ordering import permute, unpermute
from ..rules.reductions import fill
from ..rules.windows import sliding_window_view
from .index_sets import stack
from .trace import defdependence, leaves_of

__all__ = ["moves"]


def moves(prim, *positions):
    """Give a primitive its rule that puts elements of the arguments at ``positions`` into other places."""

    def rule(nodes, ans, *args, **kwargs):
        if any(argnum not in positions for argnum in nodes):
            return NotImplemented
        new = list(args)
        start = 1
        for argnum in positions:
            if argnum < len(args):
                new[argnum], start = number(args[argnum], nodes.get(argnum), start)
        # Numbers are integers, whatever dtype the answer is to have.
        kwargs = {name: plain(value) for name, value in kwargs.items() if name not in ("dtype", "casting")}
        numbers = prim.fun(*map(plain, new), **kwargs)
        return stack([leaf for argnum in sorted(nodes) for leaf in leaves_of(nodes[argnum])]).gather(numbers - 1)

    defdependence(rule, prim)


def number(arg: Any, node: Any, start: int) -> tuple[Any, int]:
    """The numbers of the elements of an argument, or of a sequence of them, from ``start`` on, and where they end."""
    if isinstance(arg, (list, tuple)):
        numbers = []
        for item, each in zip(arg, node or [None] * len(arg)):
            numbered, start = number(item, each, start)
            numbers.append(numbered)
        return numbers, start
    if node is None:
        return np.zeros(np.shape(arg), np.int64), start
    return np.arange(start, start + node.count).reshape(np.shape(arg)), start + node.count


def plain(arg: Any) -> Any:
    """``arg`` without boxes, also inside an index."""
    return type(arg)(map(plain, arg)) if type(arg) in (list, tuple) else to_value(arg)


for prim in (
    anp.broadcast_to, anp.copy, anp.diag, anp.diagflat, anp.diagonal, anp.expand_dims, anp.flip, anp.fliplr, anp.flipud,
    anp.getitem, anp.matrix_transpose, anp.moveaxis, anp.ravel, anp.repeat, anp.reshape, anp.roll, anp.rot90,
    anp.squeeze, anp.swapaxes, anp.tile, anp.transpose, anp.tril, anp.triu, fftshift, fill, ifftshift, permute,
    select_axes, sliding_window_view, unpermute,
):
    moves(prim, 0)

moves(anp.concatenate, 0)
moves(anp.set_item, 0, 2)
moves(anp.stack, 0)
moves(join_nested, 0)
