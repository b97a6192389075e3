"""What the user's line asks a traced value for, read from its instruction, and what to write there.

NumPy and Python put errors of their own in the place of some that a traced value raises: :func:`raise_ours`.
"""

from __future__ import annotations

import dis
import re
import sys
from traceback import walk_tb
from types import FrameType, ModuleType
from typing import Any

from .errors import TracedValueError, is_own_file, is_users_file
from .traits import table
from .unknown_names import our_way

__all__ = ["raise_ours", "users_call", "why_not", "why_not_stored"]

IN_PLACE = 13
"""The operators of ``BINARY_OP`` from this on are ``+=`` and its kin, up to ``[]``, which is an own instruction before
Python 3.14."""
ITEM = 26

STEPS = {
    "STORE_SUBSCR": "y[i] = x", "STORE_SLICE": "y[i] = x", "BINARY_SUBSCR": "y[x]", "BINARY_SLICE": "y[x]",
    "FORMAT_VALUE": "format", "FORMAT_SIMPLE": "format", "FORMAT_WITH_SPEC": "format",
}
ANSWERS = {
    "y[i] = x": (
        "a plain array cannot hold a traced value ({line}), whose derivative would be lost. Make the array with "
        "anp.zeros(...) or anp.array(y), of autodiff_trace.numpy, inside the function: items of these can be assigned. "
        "Or build it at once, anp.array([x, ...]), anp.stack([...]); for the plain number store to_numpy(x)."
    ),
    "y[x]": (
        "a plain array or list is indexed by a traced value ({line}), whose derivative would be lost. Write "
        "anp.take(y, i, axis=0) for an index that is traced, y[int(x)] for a number."
    ),
}


def users_step() -> str | None:
    """What the user's line is doing, as in ``ANSWERS``, or "y += x", "format"; None where another library asks, and for
    calls."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_own_file(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None or not is_users_file(frame.f_code.co_filename):
        return None
    code = frame.f_code.co_code
    name, argument = dis.opname[code[frame.f_lasti]], code[frame.f_lasti + 1]
    if name == "BINARY_OP":
        return "y += x" if IN_PLACE <= argument < ITEM else "y[x]" if argument == ITEM else None
    return "y += x" if name.startswith("INPLACE_") else STEPS.get(name)


def users_call() -> Any:
    """The function that the user's line calls by a name, as ``np.dot`` or ``rng.normal``: a compiled one, where no
    frame is between. None where that is not plain to see, and before Python 3.11, which does not tell."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_own_file(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None or not is_users_file(frame.f_code.co_filename) or not hasattr(frame.f_code, "co_positions"):
        return None
    steps = list(dis.get_instructions(frame.f_code))
    call = next(step for step in steps if step.offset == frame.f_lasti)
    if not call.opname.startswith("CALL"):
        return None
    start, end = span(call)
    names = {span(step)[1]: step.argval for step in steps if "LOAD" in step.opname and span(step)[0] == start}
    found: Any = {**frame.f_globals, **frame.f_locals}
    for place, name in sorted(names.items()):
        if place < end and isinstance(name, str):
            found = found.get(name) if type(found) is dict else member(found, name)
    return None if type(found) is dict else found


def span(step: Any) -> tuple:
    """Where in the file the text of an instruction starts and ends."""
    at = step.positions
    return (at.lineno, at.col_offset), (at.end_lineno, at.end_col_offset)


def member(owner: Any, name: str) -> Any:
    """An attribute of a module or of a compiled object; of others what they hold, so that no code of theirs runs."""
    if isinstance(owner, ModuleType) or type(owner).__module__.startswith("numpy.random"):
        return getattr(owner, name, None)
    return getattr(owner, "__dict__", {}).get(name)


def why_not_stored(line: str) -> str:
    """What to tell a user whose ``line`` stores what is traced into a plain array, by ``out=`` or ``y += x``."""
    if users_step() == "y += x":
        return (
            f"y += x would write a traced value into the plain array y ({line}), which others hold, too, and which "
            "cannot hold it. Write y = y + x; or make y with anp.zeros(...) or anp.array(y), of autodiff_trace.numpy, "
            "inside the function."
        )
    return (
        f"out= is a plain array, which cannot hold a traced value ({line}). Leave out= away, write y = y + x instead "
        "of y += x, or make the array with anp.zeros(...), of autodiff_trace.numpy, inside the function."
    )


def why_not(line: str) -> str | None:
    """What to tell a user whose ``line`` asks for the plain value of what is traced, if it says what for."""
    answer = ANSWERS.get(users_step() or "")
    return answer and answer.format(line=line)


KEYWORD = re.compile(r"((\w+)\(\) got an unexpected keyword argument '(\w+)')(?:\. Did you mean .*)?")
A_NUMBER = "a real number is required, not ArrayBox"
SEVERAL = (
    "%d asks a traced value for one number ({line}), but it is an array, or under vmap a whole batch of values. Print "
    "it whole, print(x), or format its elements outside of vmap(f)."
)


def line_of(error: Exception) -> str:
    """The innermost line of the user's where an error has come by."""
    users = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    users = [f"{filename}, line {line}" for filename, line in users if is_users_file(filename)]
    return users[-1] if users else "unknown line"


def raise_ours(error: Exception) -> None:
    """Raise the error of ours that NumPy or Python has put ``error`` in the place of, or one that says more."""
    text, trace = str(error), error.__traceback__
    is_stored = type(error) is ValueError and text.rstrip(".") == "setting an array element with a sequence"
    if is_stored and isinstance(error.__cause__, TracedValueError):
        error.__cause__ = error.__context__ = None
        raise TracedValueError(ANSWERS["y[i] = x"].format(line=line_of(error))).with_traceback(trace) from None
    if type(error) is TypeError and text.endswith(A_NUMBER):
        raise TracedValueError(SEVERAL.format(line=line_of(error))).with_traceback(trace) from None
    found = KEYWORD.fullmatch(text) if type(error) is TypeError else None
    if found and any(found[2] == function.__name__ for function in table):
        error.args = (our_way(found[1], ["x.method()"], found[3]),)
