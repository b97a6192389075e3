"""Nodes that do not keep what no rule reads, and that keep operands which others may change: in the place of
``reverse.make_node`` and ``make_lasting_node``, which keep all arguments, and copies of plain arrays.

Large cotangents can be written into (``donation``); large arrays are looked at instead of copied (``snapshots``), and
those of which shapes are read are not kept (``residuals``). Gain: memory, ``tests/test_residuals.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..array_ops import LARGE, array_ops, large_types
from ..backward import VJPNode
from ..reverse import next_index
from ..tracer import watched_types
from .donation import LEAST, find_overwriting, overwritable
from .residuals import forget_unread, forget_written
from .snapshots import keep_operands, with_checks

__all__ = ["keep_other", "make_lasting_node", "make_node", "what_output_nodes_read"]


def make_node(prim: Callable, argument: Any, parent: Any, ans: Any, args: Sequence, kwargs: dict) -> VJPNode:
    """The node of ``ans = prim(*args, **kwargs)``."""
    rule = prim.vjps[argument]
    # Of elementwise functions the answer is as large as the arguments, of products mostly: a small one ends the matter.
    traits = prim.traits
    if traits.unread and (
        not traits.answer_tells or ans.nbytes > LARGE if type(ans) in large_types else not traits.elementwise
    ):
        if traits.writes_first:  # it overwrites cotangents of any size
            if type(ans) not in overwritable or ans.nbytes > LARGE:
                rule, parent = find_overwriting(prim, argument, parent, args) or (rule, parent)
            return next_index(), rule, parent, *forget_written(ans, args), kwargs, prim
        if prim.overwriting and type(ans) in overwritable and ans.nbytes >= LEAST:
            rule, parent = find_overwriting(prim, argument, parent, args) or (rule, parent)
        ans, args = forget_unread(prim, argument, ans, args)
    return next_index(), rule, parent, ans, args, kwargs, prim


def make_lasting_node(prim: Callable, argument: Any, parent: Any, ans: Any, args: Sequence, kwargs: dict) -> VJPNode:
    """The same where others may change some of the arguments before the rule reads them."""
    if type(argument) is int and len(args) == 2 and not kwargs and not isinstance(args[argument], (list, tuple)):
        kept = keep_other(prim, argument, args)
        if kept is not None:
            return make_node(prim, argument, parent, ans, kept, kwargs)
    args, kwargs, snapshots = keep_operands(prim, argument, parent, args, kwargs)
    node = make_node(prim, argument, parent, ans, args, kwargs)
    return (node[0], with_checks(node[1], snapshots), *node[2:]) if snapshots else node


def keep_other(prim: Callable, argnum: int, args: Sequence) -> Sequence | None:
    """What :func:`keep_operands` makes of two arguments where the other one is a small array (1 µs less); else None."""
    if 1 - argnum in prim.traits.unread.get(argnum, ()):
        return args
    other = args[1 - argnum]
    if type(other) not in overwritable or other.nbytes > LARGE or type(args[argnum]) in watched_types:
        return None
    other = other.copy("K")
    return (other, args[1]) if argnum else (args[0], other)


def what_output_nodes_read(self, outputs):
    return list(map(array_ops.shape_only, outputs))
