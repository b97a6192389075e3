"""Compiling: from a recorded program, by the passes, to one that can be replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..core.pytree import Structure, tree_flatten
from .backends.numpy_source import calls
from .backends.back_end import BackEnd, Runnable
from .backends.native.executable import WholeRegion, is_whole
from .backends.native.fallback import Fallback
from .ir.memory import Memory
from .backends.numpy_source.back_end import compile_source
from .backends.numpy_source.executable import Executable
from ..core.collection import collection_paused
from .analysis.layouts import settle_layouts
from .analysis.liveness import find_roots
from .ir.infer import call
from .ir.loop import all_steps, copied, in_bodies
from .ir.region import Region
from .rewrite.lowering import lower_step
from .ir.node import Node, Program, in_turn
from .rewrite.driver import rewrite
from .rewrite.exact import EXACT
from .schedule.in_place import assign_in_place, carry_in_place
from .schedule.buffers import assign_buffers
from .rewrite.cse import merger
from .rewrite.constant_folding import fold
from .rewrite.carried_constants import settle_carried
from .rewrite.dce import remove_dead_code
from .rewrite.finite import DIAGONALS, assume_finite
from .rewrite.floats import use_floats
from .schedule.fusion import fuse
from .schedule.horizontal_batching import batch_calls
from .rewrite.outputs import Outputs, note_outputs, separate_outputs
from .rolling.rolling import NATIVE_LOOPS, Limits, roll
from .rewrite.quicker_calls import SHORT_AXES, SHORT_ROWS, SMALL_SUMS, sines

__all__ = ["compile_natively", "compile_program", "optimize", "optimize_natively", "without_trust"]

TRUSTING = ("finite", "floats")
"""Passes whose programs fail where something is infinite or NaN."""


def optimize(program: Program, passes: Sequence[str]) -> tuple[Program, Memory, bool]:
    """A lowered program after the passes named, where it writes, and whether it trusts that all is
    finite. None does in which random numbers are drawn, since a run that is done again would draw others."""
    if any(step.kind == "effect" for step in all_steps(program)):
        passes = without_trust(passes)
    recorded = note_outputs(program)
    unmasked = assume_finite(program) if "finite" in passes else program
    short = shorten(unmasked, recorded, passes)
    trusting = trust(short, passes)
    placed, memory = place(trusting, passes)
    checks = any(step.function is calls.check_finite for step in all_steps(placed))
    return placed, memory, checks or unmasked is not program or trusting is not short


def without_trust(passes: Sequence[str]) -> list[str]:
    """The passes but for those that trust that all is finite."""
    return [each for each in passes if each not in TRUSTING]


def shorten(program: Program, recorded: Outputs, passes: Sequence[str]) -> Program:
    """The program after those of the passes that leave out steps."""
    program = in_bodies(program, lambda body: shorten(body, note_outputs(body), passes))
    program = rewrite(program, EXACT, passes, merger() if "common" in passes else None)
    if "dead code" in passes:
        program = remove_dead_code(program)
    return separate_outputs(program, recorded)


def trust(program: Program, passes: Sequence[str]) -> Program:
    """The program after the passes that trust that all is finite; a run in which it is not raises an error."""
    if "finite" in passes:
        if (diagonal := everywhere(program, partial(rewrite, table=DIAGONALS, passes=passes))) is not program:
            program = shorten(diagonal, note_outputs(diagonal), passes)
    return use_floats(program) if "floats" in passes else program


def everywhere(program: Program, change: Callable[[Program], Program]) -> Program:
    """The program with itself and the bodies of its loops changed."""
    return change(in_bodies(program, change))


def place(program: Program, passes: Sequence[str]) -> tuple[Program, Memory]:
    """The program after the passes that say where values lie in memory, and where it writes."""
    program = rewrite(program, SHORT_AXES, passes)
    program = rewrite(program, sines(program), passes)
    if "fusion" in passes:
        program = fuse(rewrite(program, SHORT_ROWS, passes))
    program = rewrite(program, SMALL_SUMS, passes)
    if "stacks" in passes:
        program = batch_calls(program, "finite" in passes)
    if "in place" in passes:  # from here on the order of steps matters
        program = carry_in_place(assign_in_place(program))
    memory = assign_buffers(program) if "buffers" in passes else Memory([], {})

    def place_body(body: Program) -> Program:
        body, more = place(body, passes)
        memory.add(more)
        return body

    return in_bodies(program, place_body), memory


def prepare(program: Program, passes: Sequence[str], limits: Limits | None = None) -> Program:
    """A recorded program with its loops as steps, and calls of NumPy for primitives."""
    lowering = in_turn(in_turn(lower_step, fold), settle_carried) if "constants" in passes else lower_step
    return copied(roll(program, limits) if "loops" in passes else program, lowering)


def compile_program(program: Program, structure: Structure, passes: Sequence[str], name: str) -> Executable:
    """The program, with its outputs in a container of this structure, as a function of its inputs, by NumPy."""
    with collection_paused():
        placed, memory, trusting = optimize(prepare(program, passes), passes)
        return compile_source(placed, structure, memory, name, trusting)


def optimize_natively(
    program: Program, passes: Sequence[str], native: BackEnd, least: float = 0.0,
) -> tuple[Program, Memory] | None:
    """A recorded program with regions in the place of what ``native`` takes, after the passes named, and where it
    writes; None if there is nothing that pays, or it is less than the share ``least`` of the work. None of it trusts
    that all is finite: regions need no trust to be quick, and what is left is little."""
    from .backends.native.partition import find_regions, share_of_regions  # which import what nobody else needs

    passes = without_trust(passes)
    lowered = prepare(program, passes, NATIVE_LOOPS)
    short = shorten(lowered, note_outputs(lowered), passes)
    settle_layouts(short)
    parted = find_regions(short, native.accepts)
    return None if parted is short or share_of_regions(parted) < least else place(parted, passes)


def compile_natively(
    program: Program, structure: Structure, passes: Sequence[str], name: str, native: BackEnd, least: float = 0.0,
) -> tuple[Executable, Program, Memory] | None:
    """:func:`compile_program`, with regions compiled by ``native``, and what :func:`optimize_natively` gives; None if
    there is nothing that pays."""
    found = optimize_natively(program, passes, native, least)
    if found is None:
        return None
    placed, memory = found
    for step in placed.steps:
        if type(region := step.function) is Region:
            region.native = native.compile(region.program)
            compile_it = partial(compile_instead, passes=without_trust(passes), name=name)
            region.instead = Fallback(region.program, region.native, compile_it)
    executable = compile_source(placed, structure, memory, name)
    return WholeRegion(executable, placed) if is_whole(placed, structure) else executable, placed, memory


def with_own_outputs(program: Program) -> Program:
    """The program with copies of outputs that may lie in the memory of an input or of another output."""
    roots = find_roots(program)
    owners: dict[Node, int] = {}
    steps, outputs = list(program.steps), list(program.outputs)
    for i, output in enumerate(outputs):
        found = roots.get(output, (output,)) if output.spec.is_array else ()
        if any(root.kind != "call" or owners.setdefault(root, i) != i for root in found):
            outputs[i] = call(calls.copy, (output,), output)
            steps.append(outputs[i])
    return Program(program.inputs, steps, outputs)


def compile_instead(program: Program, passes: Sequence[str], name: str) -> Runnable:
    """The program of a region by NumPy; its result is the one output, or the tuple of them."""
    with collection_paused():
        placed, memory = place(with_own_outputs(copied(program)), passes)
        count = len(program.outputs)
        structure = tree_flatten(0.0 if count == 1 else (0.0,) * count)[1]
        return compile_source(placed, structure, memory, name)
