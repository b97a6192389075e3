"""Operands that others may change: what a node keeps of them until its rule reads them. Knows no NumPy.

The user may write into an array after a primitive has read it: a work buffer that a loop fills again and again. So a
node keeps a copy of a small array, and of a large one a *snapshot* beside it, which tells when the rule runs whether
the array is as it was. What the rule does not read (``unread``) is kept as it is, and so are the values of boxes,
which nobody but their traces holds.

In the place of copies of all arrays (``reverse.make_lasting_node``), with which n reads of items cost O(n²).
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .donation import Overwriting
from ..recording import RecordingTrace
from ..tracer import Trace, box_classes, fixed_types, own_box, trace_stack, watched_types

__all__ = ["Snapshot", "check_snapshots", "find_keeper", "keep_leaves", "keep_operands", "keepers", "with_checks"]


class Snapshot(Protocol):
    """What tells whether an array is as it was."""

    def check(self) -> None:
        """Raise MutationError if it is not."""


Keeper = Callable[[Any, Callable, Any, list], Any]

keepers: dict[type, Keeper] = {}
"""For a type of array ``keep(array, prim, place, snapshots)``, which gives a copy, or the array itself and puts a
snapshot of it into the list. ``place`` is the argument of ``prim`` that it is. Subclasses are looked up as well; what
NumPy reads as an array (``__array__``) is found under ``object``."""


def keep(value: Any, prim: Callable, place: Any, snapshots: list, node: Any = None, recorder: Any = None) -> Any:
    """``value`` as a node keeps it: arrays, also in lists and tuples, as ``keepers`` say; boxes, into which others may
    write, as boxes of one's own.

    ``node`` is what a trace follows of it: such values are its own. ``recorder`` is a trace that reads the array itself
    in other runs, and has to be told what a copy stands for.
    """
    kind = type(value)
    keeper = keepers.get(kind) or find_keeper(kind)
    if keeper is not None:
        if node is not None:
            return value
        kept = keeper(value, prim, place, snapshots)
        if recorder is not None and kept is not value:
            recorder.note_copy(kept, value)
        return kept
    if kind in box_classes:
        return own_box(value) if node is None else value
    if kind is not list and kind is not tuple:
        return value
    if fixed_types.issuperset(map(type, value)):  # an index, a shape (0.2 instead of 0.9 µs)
        return value if kind is tuple else [*value]
    nodes = node or [None] * len(value)
    kept = [keep(item, prim, place, snapshots, each, recorder) for item, each in zip(value, nodes)]
    return kept if kind is list else tuple(kept)


@functools.cache
def find_keeper(kind: type) -> Keeper | None:
    for each in kind.__mro__:
        if each in keepers and each is not object:
            return keepers[each]
    holds_array = hasattr(kind, "__array__") and kind not in box_classes and kind not in fixed_types
    return keepers.get(object) if holds_array else None


def keep_operands(
    prim: Callable, argument: Any, nodes: Any, args: Sequence, kwargs: dict
) -> tuple[Sequence, dict, list[Snapshot]]:
    """The arguments of a call as its node keeps them, and the snapshots among them.

    ``argument`` and ``nodes`` say which of them are followed, as ``DerivativeTrace.make_node`` gets it.
    """
    unread = prim.traits.unread.get(argument, ())
    snapshots: list[Snapshot] = []
    recorder: Any = UNKNOWN
    for i, arg in enumerate(args):
        kind = type(arg)
        if kind in fixed_types or i in unread:
            continue
        node = None
        if i == argument:
            if kind is not list and kind is not tuple:
                continue
            node = nodes
        elif type(argument) is tuple and i in argument:
            node = nodes[argument.index(i)]
            if type(node) is not list:
                continue
        if recorder is UNKNOWN:
            # Where a trace below records the call, what is followed here is a box of it.
            is_innermost = type(argument) is int and type(args[argument]) not in watched_types
            recorder = None if is_innermost else find_recorder(args)
        keeper = keepers.get(kind)
        if keeper is not None and recorder is None:  # as a rule (0.15 µs)
            kept = keeper(arg, prim, i, snapshots)
        else:
            kept = keep(arg, prim, i, snapshots, node, recorder)
        if kept is not arg:
            if type(args) is tuple:
                args = list(args)
            args[i] = kept
    if kwargs and not fixed_types.issuperset(map(type, kwargs.values())):
        recorder = find_recorder(args) if recorder is UNKNOWN else recorder
        followed = dict(zip(argument, nodes)) if type(argument) is tuple else {argument: nodes}
        kwargs = {name: keep(arg, prim, name, snapshots, followed.get(name), recorder) for name, arg in kwargs.items()}
    return args, kwargs, snapshots


UNKNOWN = object()


def find_recorder(args: Sequence) -> Trace | None:
    """The trace under the boxes among ``args`` that lists the call for other runs, if there is one."""
    for arg in args:
        while type(arg) in box_classes:
            if isinstance(arg._trace, RecordingTrace):
                return arg._trace
            arg = arg._value
        if type(arg) is list or type(arg) is tuple:
            found = find_recorder(arg)
            if found is not None:
                return found
    return None


def keep_leaves(name: str, leaves: Sequence, snapshots: list[Snapshot]) -> list:
    """The same for what the function ``name`` reads when the backward pass comes to it."""
    recorder = next((trace for trace in trace_stack.get() if isinstance(trace, RecordingTrace)), None)
    function = types.SimpleNamespace(__name__=name)
    return [keep(leaf, function, i, snapshots, None, recorder) for i, leaf in enumerate(leaves)]


def check_snapshots(snapshots: Sequence[Snapshot]) -> None:
    """Raise MutationError if one of the arrays has been changed."""
    for snapshot in snapshots:
        snapshot.check()


def with_checks(rule: Any, snapshots: Sequence[Snapshot]) -> Any:
    """A rule, or a tuple of rules for several arguments, that looks at the snapshots first."""
    if type(rule) is tuple:
        return with_checks(rule[0], snapshots), *rule[1:]
    if isinstance(rule, Overwriting):
        return type(rule)(with_checks(rule.rule, snapshots))
    return functools.partial(check_and_call, rule, snapshots)


def check_and_call(rule, snapshots, *args, **kwargs):
    check_snapshots(snapshots)
    return rule(*args, **kwargs)
