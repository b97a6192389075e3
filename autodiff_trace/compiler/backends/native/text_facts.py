"""Units: what their text tells of them: which run NumPy's loops, and about how long they take for an element."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["OPERAND", "Facts", "facts_of"]

FUNCTION = re.compile(r'^define [^@]*@"?([\w.$]+)"?\((.*?)^}', re.M | re.S)
NAME = re.compile(r"@([\w.$]+)")

#: ns an element: of an instruction (most are of vectors of eight), of an operand, of a loop of NumPy's, and of a
#: function of our own.
INSTRUCTION, OPERAND, LOOP, OWN = 0.05, 0.25, 5.0, 1.0


class Facts(NamedTuple):
    """What is known of a function of a text.

    Attributes:
        runs_loops: whether it runs NumPy's loops, many of which clear the processor's floating-point flags.
        cost: about how many ns an element takes.
    """

    runs_loops: bool
    cost: float


def facts_of(text: str) -> dict[str, Facts]:
    """What is known of each function of a text, with those that it calls."""
    bodies = dict(FUNCTION.findall(text))
    called = {name: [each for each in NAME.findall(body) if each in bodies] for name, body in bodies.items()}
    known: dict[str, Facts] = {}
    for first in bodies:
        stack = [first]
        while stack:
            name = stack[-1]
            missing = [each for each in called[name] if each not in known and each not in stack]
            if missing:
                stack.append(missing[0])
                continue
            stack.pop()
            body, inner = bodies[name], [known[each] for each in called[name] if each in known]
            loops = body.count('@"loop.')
            cost = INSTRUCTION * body.count("\n") + LOOP * loops + OWN * body.count('@"own.')
            cost += sum(each.cost for each in inner)
            known[name] = Facts(loops > 0 or any(each.runs_loops for each in inner), cost)
    return known
