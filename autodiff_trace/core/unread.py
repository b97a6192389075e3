"""What the rules of reverse mode do not read: large arrays among that are not kept in nodes, but their shape and dtype.

The traits of a primitive have a table ``unread``, from the argument that is followed (a position, or a tuple of
several) to that of which its rule reads no values: positions of arguments, and ``ANSWER``. The rule of one that is not
in it reads all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from .array_ops import LARGE, array_ops, large_types
from .overwriting import overwritable
from .tracer import watched_types

__all__ = [
    "ALL", "ANSWER", "ARGUMENTS", "forget_unread", "forget_written", "outline_unread", "reads_answer",
    "reads_arguments", "reads_other", "reads_shapes",
]

ANSWER = "ans"
ARGUMENTS = "args"
ALL = "all"
"""In the place of an argument: what is said of those that have no entry of their own."""


def reads_shapes(prim: Callable, *argnums: int) -> None:
    """Declare that ``prim`` is linear in the arguments ``argnums``: the rules read of these and of the answer no
    values."""
    prim.traits.linear_in = argnums
    for count in range(1, len(argnums) + 1):
        for several in itertools.combinations(argnums, count):
            prim.traits.unread[several if count > 1 else several[0]] = (*argnums, ANSWER)


def reads_other(*prims: Callable) -> None:
    """Declare that functions are linear in each of two arguments, whose rules read the values of the other alone."""
    for prim in prims:
        prim.traits.unread.update({0: (0, ANSWER), 1: (1, ANSWER), (0, 1): (ANSWER,)})
        prim.traits.multilinear_in = (0, 1)
        prim.traits.answer_tells = True


def reads_arguments(*prims: Callable) -> None:
    """Declare that the rules, of one or two arguments, do not read the answer: ``sin``, ``log``."""
    for prim in prims:
        prim.traits.unread.update({0: (ANSWER,), 1: (ANSWER,), (0, 1): (ANSWER,)})


def reads_answer(*prims: Callable) -> None:
    """Declare that the rule of the one argument reads the answer instead: ``exp``, ``sqrt``."""
    for prim in prims:
        prim.traits.unread[0] = (0,)


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


def outline_unread(prim: Callable, argument: Any, ans: Any, args: Sequence) -> tuple[Any, Sequence]:
    """``ans`` and ``args``, with outlines for what is unread, of whatever size: others may write into it."""
    args = list(args)
    unread = prim.traits.unread
    for each in unread.get(argument) or unread.get(ALL, ()):
        if each is ANSWER:
            ans = array_ops.outline(ans)
        elif each < len(args) and hasattr(args[each], "dtype"):
            args[each] = array_ops.outline(args[each])
    return ans, args


def keep_shapes(x: Any) -> Any:
    """``x`` with a stand-in for what is large in it: itself, or the items of a list or tuple."""
    if type(x) is not list and type(x) is not tuple:
        return array_ops.shape_only(x)
    items = list(map(keep_shapes, x))
    return x if all(item is old for item, old in zip(items, x)) else type(x)(items)
