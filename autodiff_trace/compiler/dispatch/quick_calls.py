"""Quick calls: the ordinary call of a jitted function as one function that is written for it.

The test of the arguments, that of the variables outside, and the call of the program stand in one function: 0.5 instead
of 0.9 µs where there is one program, without guards. Native code looks at its arguments itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.tracer import trace_stack
from ..backends.native.executable import WholeRegion
from ..record.guards import Miss
from .arguments import is_leaf
from .matching import known_distinct, tests_of
from .tree import TraceTree

if TYPE_CHECKING:
    from .cache import Entry

__all__ = ["MISSED", "Ticket", "make_quick"]

MISSED = object()
"""The result of a quick call that is none: the call has to be looked at."""

FEW = 5
"""Arguments of which native code tells the form, while they are told apart one by one."""


class Ticket:
    """What a quick call is good for: until something of what it was made from is another one."""

    __slots__ = ("is_valid",)

    def __init__(self, is_valid: bool) -> None:
        self.is_valid = is_valid


def make_quick(args: tuple, entry: Entry, ticket: Ticket) -> Callable[[tuple], Any] | None:
    """A function that runs the program for positional arguments like ``args``, and gives MISSED where something is not
    as it was when the ticket was given out; None where there is no such function."""
    versions = list(entry.versions)
    names: dict[str, Any] = {"missed": MISSED, "ticket": ticket, "traces": trace_stack.get, "Miss": Miss}
    try:
        tests, leaves = tests_of(args, names)
    except TypeError:
        return None
    if entry.eager or not versions:
        return None
    captured, tree = versions[0]
    if len(versions) > 1 or captured.contents or not has_one_program(tree):
        names["versions"] = [(each.captured.hold, each.tree.run) for each in versions]
        end = SEARCH.format(leaves=", ".join(leaves))
    else:
        holds = captured.holds_quickly
        names.update(holds.known)
        end = f"    if not ({holds.expression}):\n        return missed\n" if holds.expression else ""
        branch = tree.branches[0]
        branch.ticket = ticket  # before the executable is read: another thread may just be replacing it
        executable = branch.executable
        if type(executable) is WholeRegion and not executable.states and can_tell(args):
            tests = distinct_test(args)
            given = [f"args_{i}" for i in range(len(args))] + [f"more{i}" for i in range(len(executable.more))]
            names.update({f"more{i}": value for i, value in enumerate(executable.more)}, program=executable.native)
            end += f"    result = program({', '.join(given)})\n    return missed if result is None else result\n"
        elif executable.is_reentrant:
            names["program"] = executable.make_instance()
            end += f"    return program({', '.join(leaves)})\n"
        else:
            names["program"] = executable.run
            end += f"    return program([{', '.join(leaves)}])\n"
    source = BEGINNING + tests.replace("return None", "return missed") + end
    exec(compile(source, f"{__file__} for quick", "exec"), names)
    return names.pop("quick")


BEGINNING = """def quick(args):
    if not ticket.is_valid or traces():
        return missed
"""

SEARCH = """    for hold, run in versions:
        if hold():
            result = run([{leaves}])
            return missed if type(result) is Miss else result
    return missed
"""


def has_one_program(tree: TraceTree) -> bool:
    """Whether a tree has one program, without guards, draws and hidden inputs."""
    return type(tree) is TraceTree and len(tree.branches) == 1 and not tree.branches[0].outcomes and tree.is_plain


def distinct_test(args: tuple) -> str:
    """The lines that take as many arguments apart, and test that those of one form are two arrays."""
    names = [f"args_{i}" for i in range(len(args))]
    same = " or ".join([f"{names[i]} is {names[j]}" for i, j in known_distinct(args)])
    lines = f"    if len(args) != {len(args)}:\n        return None\n    {', '.join(names)}, = args\n"
    return lines + (f"    if {same}:\n        return None\n" if same else "")


def can_tell(args: tuple) -> bool:
    """Whether the entry of native code says of each argument whether it is like these."""
    return 0 < len(args) <= FEW and all(map(is_leaf, args))
