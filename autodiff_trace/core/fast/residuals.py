"""What the rules of reverse mode do not read: large arrays among that are not kept in nodes, but their shape and dtype.

The traits of a primitive have a table ``unread``, from the argument that is followed (a position, or a tuple of
several) to that of which its rule reads no values: positions of arguments, and ``ANSWER``. The rule of one that is not
in it reads all.

In the place of nodes that keep all arguments (``reverse.make_node``). Gain: memory, ``tests/test_residuals.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..array_ops import LARGE, array_ops, large_types
from .donation import overwritable
from ..tracer import watched_types
from ..traits import ALL, ANSWER

__all__ = ["forget_unread", "forget_written"]


def forget_unread(prim: Callable, argument: Any, ans: Any, args: Sequence) -> tuple[Any, Sequence]:
    """``ans`` and ``args``, with stand-ins for what is large in them and unread."""
    unread = prim.traits.unread
    for each in unread.get(argument) or unread.get(ALL, ()):
        if each is ANSWER:
            x = ans
        elif each < len(args):
            x = args[each]
        else:
            continue
        kind = type(x)
        if kind in large_types:  # what is small and no view is left as it is without a call
            if x.nbytes <= LARGE:
                base = x.base if kind in overwritable else None
                if base is None or type(base) is kind and base.nbytes <= LARGE:
                    continue
        elif kind not in watched_types:
            continue
        kept = keep_shapes(x)
        if each is ANSWER:
            ans = kept
        elif kept is not x:
            args = [*args[:each], kept, *args[each + 1 :]]
    return ans, args


def forget_written(ans: Any, args: Sequence) -> tuple[Any, Sequence]:
    """The same for an array ``args[0]`` that has become ``ans``: its memory is the next write's, however small."""
    _, index, value = args
    ans = array_ops.outline(ans)
    return ans, [ans, index, array_ops.shape_only(value) if type(value) in large_types else value]


def keep_shapes(x: Any) -> Any:
    """``x`` with a stand-in for what is large in it: itself, or the items of a list or tuple."""
    if type(x) is not list and type(x) is not tuple:
        return array_ops.shape_only(x)
    items = list(map(keep_shapes, x))
    return x if all(item is old for item, old in zip(items, x)) else type(x)(items)
