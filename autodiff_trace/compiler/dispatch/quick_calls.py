"""Quick calls: the ordinary call of a jitted function as one function that is written for it.

Most functions have one program for their arguments, without guards. Then the test of the arguments, that of the
variables outside, and the call of the program stand in one function: 0.5 instead of 0.9 µs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.tracer import trace_stack
from ..backends.native.executable import WholeRegion
from .arguments import is_leaf
from .matching import known_distinct, tests_of
from .tree import TraceTree

if TYPE_CHECKING:
    from .cache import Entry

__all__ = ["MISSED", "Ticket", "make_quick", "not_quick"]

MISSED = object()
"""The result of a quick call that is none: the call has to be looked at."""

FEW = 5
"""Arguments of which native code tells the form, while they are told apart one by one."""


class Ticket:
    """What a quick call is good for: until something of what it was made from is another one."""

    __slots__ = ("is_valid",)

    def __init__(self) -> None:
        self.is_valid = True


def not_quick(args: tuple) -> Any:
    return MISSED


def make_quick(args: tuple, entry: Entry, ticket: Ticket) -> Callable[[tuple], Any]:
    """A function that runs the program for positional arguments like ``args``, and gives MISSED where something is not
    as it was when the ticket was given out; ``not_quick`` where there is no such function."""
    versions = list(entry.versions)
    if entry.eager or len(versions) != 1 or versions[0].captured.contents or type(versions[0].tree) is not TraceTree:
        return not_quick
    tree, holds = versions[0].tree, versions[0].captured.holds_quickly
    branches = list(tree.branches)
    if len(branches) != 1 or branches[0].outcomes or not tree.is_plain:
        return not_quick
    branch = branches[0]
    branch.ticket = ticket  # before the executable is read: another thread may just be replacing it
    executable = branch.executable
    names: dict[str, Any] = {**holds.known, "missed": MISSED, "ticket": ticket, "traces": trace_stack.get}
    try:
        tests, leaves = tests_of(args, names)
    except TypeError:
        return not_quick
    end = f"    return program({', '.join(leaves)})\n"
    if isinstance(executable, WholeRegion) and not executable.states and can_tell(args):
        names["program"] = executable.native
        names.update((f"more{i}", value) for i, value in enumerate(executable.more))
        leaves = [f"args_{i}" for i in range(len(args))]
        distinct = [f"{one} is {other}" for i, j in known_distinct(args) for one, other in [(leaves[i], leaves[j])]]
        tests = f"    if len(args) != {len(args)}:\n        return missed\n    {', '.join(leaves)}, = args\n"
        if distinct:
            tests += f"    if {' or '.join(distinct)}:\n        return missed\n"
        given = ", ".join([*leaves, *[f"more{i}" for i in range(len(executable.more))]])
        end = f"    result = program({given})\n    return missed if result is None else result\n"
    elif executable.is_reentrant:
        names["program"] = executable.make_instance()
    else:
        names["program"] = executable.run
        end = f"    return program(({''.join(f'{leaf}, ' for leaf in leaves)}))\n"
    watch = f"    if not ({holds.expression}):\n        return missed\n" if holds.expression else ""
    first = "    if not ticket.is_valid or traces():\n        return missed\n"
    exec(f"def quick(args):\n{first}{tests.replace('return None', 'return missed')}{watch}{end}", names)
    return names.pop("quick")


def can_tell(args: tuple) -> bool:
    """Whether the entry of native code says of each argument whether it is like these."""
    return 0 < len(args) <= FEW and all(map(is_leaf, args))
