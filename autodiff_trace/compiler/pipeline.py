"""Compiling: from a recorded program, by the passes, to one that can be replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..core.pytree import Structure, tree_unflatten
from .backends.numpy_source import calls
from .backends.numpy_source.arena import Buffer
from .record.collection import collection_paused
from .backends.numpy_source.emit import emit
from .ir.loop import all_steps, in_bodies
from .rewrite.lowering import lower_step
from .ir.node import Program, in_turn, rebuild
from .rewrite.driver import Table, rewrite
from .rewrite.exact import EXACT
from .schedule.in_place import assign_in_place
from .schedule.batches import batch_rows
from .schedule.buffers import assign_buffers
from .rewrite.cse import merger
from .rewrite.constant_folding import fold
from .rewrite.dce import remove_dead_code
from .rewrite.finite import DIAGONALS, SUMS_FIRST, assume_finite
from .rewrite.floats import use_floats
from .schedule.fusion import fuse
from .rewrite.outputs import Outputs, note_outputs, separate_outputs
from .rolling.rolling import roll
from .schedule.stacked_sums import sum_stacks
from .schedule.stacks import stack_calls
from .rewrite.quicker_calls import SHORT_AXES, SHORT_ROWS, SMALL_SUMS, sines
from .backends.numpy_source.executable import Replay

__all__ = ["PASSES", "compile_program", "optimize", "without_trust"]

PASSES = (
    "constants", "algebra", "common", "dead code", "loops", "finite", "floats", "sines", "fusion", "sums", "stacks",
    "in place", "buffers",
)
"""The names of all passes, for ``jit(f, passes=...)``.

"constants" computes what is the same in each run when the program is compiled, "algebra" replaces steps by cheaper ones
of the same value, "common" computes each value once, "dead code" leaves out what nothing needs. "loops" makes one step
of what a function does again and again, before all other passes. "finite" leaves out the masks that keep zeros beside
infinities, "floats" computes single numbers with Python's floats; where a run is not finite it is done again without
these two. "sines" computes sine and cosine of an array together, "fusion" runs steps on large arrays block by block, on
several threads, "sums" takes products with ones for small sums, and of large products sums the factors first, "stacks"
makes one call of the same function of many small arrays, and with "finite" one product of a sum of their products. "in
place" leaves out copies of arrays that are assigned to, and "buffers" uses the memory of intermediate values again.
"""

DEEPEST = 40
"""Containers in one another that programs spell; Python's parser allows some hundred brackets."""

TRUSTING = ("finite", "floats")
"""Passes whose programs fail where something is infinite or NaN."""


def optimize(program: Program, passes: Sequence[str]) -> tuple[Program, list[Buffer], bool]:
    """A lowered program after the passes named, the buffers that it writes into, and whether it trusts that all is
    finite. None does in which random numbers are drawn, since a run that is done again would draw others."""
    if any(step.kind == "effect" for step in all_steps(program)):
        passes = without_trust(passes)
    recorded = note_outputs(program)
    unmasked = assume_finite(program) if "finite" in passes else program
    short = shorten(unmasked, recorded, passes)
    trusting = trust(short, passes)
    placed, buffers = place(trusting, passes)
    checks = any(step.function is calls.check_finite for step in all_steps(placed))
    return placed, buffers, checks or unmasked is not program or trusting is not short


def without_trust(passes: Sequence[str]) -> list[str]:
    """The passes but for those that trust that all is finite."""
    return [each for each in passes if each not in TRUSTING]


def shorten(program: Program, recorded: Outputs, passes: Sequence[str]) -> Program:
    """The program after those of the passes that leave out steps."""
    program = in_bodies(program, lambda body: shorten(body, note_outputs(body), passes))
    if "algebra" in passes or "common" in passes:
        table = EXACT if "algebra" in passes else Table()
        program = rewrite(program, table, merger() if "common" in passes else None)
    if "dead code" in passes:
        program = remove_dead_code(program)
    return separate_outputs(program, recorded)


def trust(program: Program, passes: Sequence[str]) -> Program:
    """The program after the passes that trust that all is finite; a run in which it is not raises an error."""
    if "finite" in passes:
        if (diagonal := everywhere(program, partial(rewrite, table=DIAGONALS))) is not program:
            program = shorten(diagonal, note_outputs(diagonal), passes)
        if "sums" in passes and (first := everywhere(program, partial(rewrite, table=SUMS_FIRST))) is not program:
            program = everywhere(first, remove_dead_code)
    return use_floats(program) if "floats" in passes else program


def everywhere(program: Program, change: Callable[[Program], Program]) -> Program:
    """The program with itself and the bodies of its loops changed."""
    return change(in_bodies(program, change))


def place(program: Program, passes: Sequence[str]) -> tuple[Program, list[Buffer]]:
    """The program after the passes that say where values lie in memory, and the buffers."""
    if "sums" in passes:
        program = rewrite(program, SHORT_AXES)
    if "sines" in passes:
        program = rewrite(program, sines(program))
    if "fusion" in passes:
        program = fuse(rewrite(program, SHORT_ROWS))
    if "sums" in passes:
        program = rewrite(program, SMALL_SUMS)
    if "stacks" in passes:
        program = batch_rows(stack_calls(program))
        program = sum_stacks(program) if "finite" in passes else program
    if "in place" in passes:  # from here on the order of steps matters
        program = assign_in_place(program)
    program, buffers = assign_buffers(program) if "buffers" in passes else (program, [])

    def place_body(body: Program) -> Program:
        body, more = place(body, passes)
        for step in body.steps:
            if step.kind == "call" and step.out is not None:
                step.out += len(buffers)
        buffers.extend(more)
        return body

    return in_bodies(program, place_body), buffers


def number_guards(program: Program) -> Program:
    """The program with its guards numbered, so that they keep their numbers when others are left out."""
    for number, step in enumerate([step for step in program.steps if step.kind == "guard"]):
        step.out = number
    return program


def prepare(program: Program, passes: Sequence[str]) -> Program:
    """A recorded program with its loops as steps, and calls of NumPy for primitives."""
    program = number_guards(program)
    lowering = in_turn(lower_step, fold) if "constants" in passes else lower_step
    return everywhere(roll(program) if "loops" in passes else program, partial(rebuild, rewrite=lowering, copies=True))


def compile_program(program: Program, structure: Structure, passes: Sequence[str], name: str) -> Replay:
    """The program, with its outputs in a container of this structure, as a function of its inputs."""
    with collection_paused():
        placed, buffers, trusting = optimize(prepare(program, passes), passes)
        objects: dict[str, Any] = {}
        source = emit(placed, partial(container_text, structure, objects), name)
        return Replay(source._replace(names={**source.names, **objects}), buffers, trusting)


def container_text(structure: Structure, objects: dict[str, Any], leaves: list[str]) -> str:
    """The expression for a container with these expressions as leaves; what it refers to is put into ``objects``."""
    text = display(structure, iter(leaves))
    if text is None:
        objects["unflatten"] = partial(tree_unflatten, structure)
        return f"unflatten([{', '.join(leaves)}])"
    return text


def display(structure: Structure, texts: Any, depth: int = 0) -> str | None:
    """The container as Python displays it; None if it is none of lists, tuples and dicts of strings, or too
    deep."""
    if structure.kind is None:
        return next(texts)
    inner = [display(child, texts, depth + 1) for child in structure.children] if depth < DEEPEST else [None]
    if None in inner:
        return None
    if structure.kind is list:
        return f"[{', '.join(inner)}]"
    if structure.kind is tuple:
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    if structure.kind is dict and all(type(key) is str for key in structure.extra):
        return "{" + ", ".join(f"{key!r}: {value}" for key, value in zip(structure.extra, inner)) + "}"
    return None
