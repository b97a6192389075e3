"""Native programs: when a recorded program is compiled natively, and what is said where that cannot be."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial

from ...core.pytree import Structure
from ..backends.native import back_end
from ..backends.numpy_source.executable import Executable
from ..ir.memory import Memory
from ..ir.node import Program
from ..failures import raise_if_from_signal, report, warn
from ..pipeline import compile_natively
from ..record.tracing import Recording
from ..selection import Selection
from .background import background
from .tree import Branch

__all__ = ["compile_later", "compile_now", "find_native"]

LEAST_SHARE = 0.5
"""The part of its work that a program has to do in regions to take the place of NumPy's, unasked: what is left to NumPy
does without the passes that trust that all is finite."""

said: set[str] = set()
"""What has been warned of."""


def find_native(selection: Selection) -> back_end.Native | None:
    """The native back end, if it is asked for and is there; where the user has named it and it is not, a warning says
    why, once."""
    if selection.backend == "numpy":
        return None
    if selection.backend == "auto" and not back_end.is_installed():
        return None
    try:
        why = back_end.why_unavailable()
    except Exception as error:
        raise_if_from_signal(error)
        why = report(error)
    if why is None:
        return back_end.Native(selection.math)
    if selection.backend == "native":
        say(f'jit: backend="native" is not there, NumPy\'s runs instead: {why}. What it needs comes with '
            "pip install autodiff_trace[native].")
    return None


def compile_now(
    program: Program, structure: Structure, passes: Sequence[str], name: str, selection: Selection,
) -> tuple[Executable, Program, Memory] | None:
    """A recorded program compiled natively, as :func:`compile_natively` does it; None where NumPy's is to run."""
    native = find_native(selection)
    if native is None:
        return None
    try:
        with back_end.compiling:
            return compile_natively(program, structure, passes, name, native)
    except Exception as error:
        raise_if_from_signal(error)
        say_failed(name, error)
        return None


def compile_later(branch: Branch, recording: Recording, passes: Sequence[str], name: str, selection: Selection) -> None:
    """Let the program of a branch be compiled natively in the background, when it is run for the first time, which is
    in the second call; what comes of it takes the place of NumPy's."""
    if back_end.is_installed():
        for node in recording.program.inputs:
            node.value = None  # the arguments of the first call are let go
        branch.recorded = recording.program, recording.structure, passes, name, selection
        branch.executable.at_first_run = partial(background.submit, partial(replace, weakref.ref(branch)))


def replace(branch_of: Callable[[], Branch | None]) -> None:
    """Compile the recorded program of a branch, and let it take the place of NumPy's, if the branch is still there."""
    branch = branch_of()
    if branch is None:
        return
    (program, structure, passes, name, selection), branch.recorded, branch = branch.recorded, None, None
    try:
        native = find_native(selection)
        found = native and compile_natively(program, structure, passes, name, native, LEAST_SHARE)
        branch = branch_of()
        if found and branch is not None:
            executable, *_ = found
            executable.states = branch.executable.states
            branch.replace(executable)
    except BaseException as error:  # nobody else would see it
        say_failed(name, error)


def say_failed(name: str, error: BaseException) -> None:
    """Report what has failed; nothing else comes of it."""
    try:
        say(f"jit: the native back end has failed on {name}, NumPy's runs instead ({report(error)}). The results are "
            "right; please report this text, and the function, as a fault of autodiff_trace.")
    except Warning:  # warnings are errors: not in the middle of a user's call
        pass


def say(text: str) -> None:
    if text not in said:
        said.add(text)
        warn(text)
