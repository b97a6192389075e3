"""Tracing: run a function once on the values it was called with, and list what it did."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.collection import collection_paused
from ...core.errors import EndedTraceError
from ...core.pytree import Structure, tree_flatten, tree_map, tree_unflatten
from ...core.tracebacks import keeping_frames
from ...core.tracer import boxers, is_box, trace_stack
from ...captured_state.random_states import RandomStates
from ...captured_state.captured import CapturedState
from .cleanup import Cleaner, set_back, take_out
from ..dispatch.arguments import is_leaf
from .containers import Containers, overlap
from ..failures import is_foreign, is_from_signal, is_of_package, report
from .hidden_inputs import HiddenInputs
from ..dispatch.leaf_names import leaf_names
from ..ir.node import LIVE, OUTSIDE, Program
from .outside import Outside
from .output_owner import Owner, bases, copy_own_boxes, refresh_shared
from ...captured_state.places import Place, write_states
from .record import RecordTrace
from . import scans as scans  # (it makes loops steps)
from .refusals import DRAWS, MixedTraces, NotReplayable, SharedMemory
from .shadow_copies import ShadowCopies

__all__ = ["Recording", "record"]

STATICS = (bool, str, bytes, type(None), np.dtype, type)


class Recording(NamedTuple):
    """What one run of a function gave.

    Attributes:
        result: what the function returned, with plain numbers and arrays.
        program: its steps; None where no replay can repeat the run: ``reason`` says why.
        structure: that of the result.
        draws: whether it draws from NumPy's own random generator.
        writes: whether it assigns to items of its arguments.
        pure: whether the run left the variables outside as they were, and caught no error.
        caught: whether it caught one.
        states: the variables outside that it has given new values, which follow its result in the program's.
        passes: which steps are those of backward passes, a range for each pass.
    """

    result: Any
    program: Program | None
    structure: Structure
    reason: str
    draws: bool
    writes: bool
    pure: bool
    caught: bool
    states: list[Place]
    passes: list[range]


class ShadowFailure(Exception):
    """The function may not get along with boxes in place of arrays outside."""


def record(
    fun: Callable, args: tuple, kwargs: dict, captured: CapturedState, positions: Sequence[int] = (),
    static_argnames: Sequence[str] = (), outside: Outside | None = None, hidden: HiddenInputs | None = None,
    apart: bool = False,
) -> Recording:
    """Run ``fun`` on boxes of the numbers and arrays among its arguments, but for those that are static, and, with
    ``outside``, of the arrays among its variables, and of ``hidden`` inputs, which follow the arguments.

    Without that, nodes keep large values, for a person to look at. An array that is given twice is one object in the
    function, unless ``apart``: then the program is that for two.

    Raises NotReplayable if it got nowhere; then random generators are as they were.
    """
    trace = RecordTrace(keeps_values=outside is None, folds=outside is not None and outside.folds)
    call = fun, args, kwargs, positions, static_argnames, apart
    shadows = ShadowCopies(trace)
    if outside is not None and outside.stands_in and (captured.arrays or hidden is not None):
        try:
            is_standing = shadows.stand_for(captured, hidden)
        except Exception as error:
            raise failed(error) from error
        if is_standing:
            try:
                return run(trace, call, captured, shadows)
            except ShadowFailure:
                outside.stands_in = False
                if hidden is not None:  # this state does not watch them: the next call looks around anew
                    raise MixedTraces("it puts variables that change to uses that cannot be traced") from None
                trace = RecordTrace()
    return run(trace, call, captured, ShadowCopies(trace))


def run(trace: RecordTrace, call: tuple, captured: CapturedState, shadows: ShadowCopies) -> Recording:
    inputs: list = []
    try:
        function = shadows.copy(call[0])
    except Exception as error:  # an object, or a chain of them, that is not copied like others
        raise ShadowFailure from error
    try:
        args, kwargs, containers = box_arguments(trace, inputs, shadows.copy, *call)
        states = RandomStates(captured.generators)
        seen = shadows.seen
        captured.note_contents([array for array in captured.arrays if id(array) not in seen])
    except Exception as error:
        raise failed(error) from error
    stack = trace_stack.get()
    try:
        trace_stack.set((*stack, trace))
        with collection_paused(), states.watched(), keeping_frames():
            output = function(*args, **kwargs)
        changes = shadows.take_states()
        output_leaves, structure = tree_flatten((output, [new for _, new in changes]) if changes else output)
        output_leaves = trace.exported.take_back(output_leaves, captured)
        check_outputs(output_leaves)
        refresh_shared(output_leaves)
        output_leaves = copy_own_boxes(output_leaves, inputs)
        nodes = [trace.node_of(leaf) for leaf in output_leaves]
        values = [trace.value_of(leaf) for leaf in output_leaves]
        if containers.shared and containers.changed():
            raise NotReplayable("it changes a container that it is given twice")
        if has_written(inputs):
            refuse_shared([node.value for _, node in inputs], captured.arrays)
        written = [array for array, _ in shadows.written()]
        if written and overlap([node.value for _, node in inputs], written):
            raise SharedMemory(outside=True, writes=False)
    except BaseException as error:
        problem = find_problem(error, trace) or trace.exported.explain(error)
        if problem is None and (not shadows.copied or is_from_signal(error) or not is_foreign(error)):
            cleaner = make_cleaner(trace, containers, shadows)
            containers.write_back(cleaner.plain)
            shadows.write_back(cleaner.plain)
            with contextlib.suppress(Exception):  # the function's own error counts
                take_out(cleaner, captured, [original for original, *_ in containers.pairs])
            raise
        states.restore()
        set_back(captured)
        if shadows.copied and not isinstance(error, (MixedTraces, SharedMemory)):
            raise ShadowFailure from error
        problem.writes |= has_written(inputs)
        raise problem from (None if problem is error else error)
    finally:
        trace_stack.set(stack)
        trace.end()
    try:
        cleaner = make_cleaner(trace, containers, shadows)
        rewrites = shadows.write_back(cleaner.plain)
        hidden = [node for _, _, node in shadows.boxes if node.kind == "input"]
        read = [*[node for _, node in inputs], *hidden]
        if rewrites:
            own = list(map(shadows.shown, output_leaves))
        else:
            own = own_outputs(trace, read, values, nodes, captured)
        result = tree_unflatten(structure, own)
        changed = [place for place, _ in changes]
        if changed:
            result, news = result
            write_states(changed, news)
        pure = trace.raised is None and not rewrites and captured.hold() and not (changed and has_written(inputs))
        is_changed = containers.changed()
        if is_changed:
            containers.write_back(cleaner.plain)
        if is_changed or not pure:
            take_out(cleaner, captured, [original for original, *_ in containers.pairs])
        reason = "" if rewrites else find_reason(trace, states, captured.contents)
        captured.note_contents(trace.compared.values())
        if is_changed:
            reason = "it changes a container among its arguments; return a new one"
        program = None if reason else Program(read, trace.steps, nodes)
        writes, caught = has_written(inputs), trace.raised is not None
        return Recording(result, program, structure, reason, trace.draws, writes, pure, caught, changed, trace.passes)
    except Exception as error:
        states.restore()
        set_back(captured)
        raise failed(error) from error


def make_cleaner(trace: RecordTrace, containers: Containers, shadows: ShadowCopies) -> Cleaner:
    """What says how boxes and copies that the run has put somewhere outside are to be replaced."""
    return Cleaner({**trace.exported.originals(), **containers.originals, **shadows.originals}, shadows.shown)


def box_arguments(
    trace: RecordTrace, inputs: list, stand_in: Callable, fun: Callable, args: tuple, kwargs: dict,
    positions: Sequence[int], static_argnames: Sequence[str], apart: bool,
) -> tuple[tuple, dict, Containers]:
    """The arguments with boxes in place of their numbers and arrays, and their containers.

    The boxes go into ``inputs``, with their nodes.
    """
    args_to_box = tuple([None if i in positions else arg for i, arg in enumerate(args)])
    kwargs_to_box = {name: None if name in static_argnames else arg for name, arg in kwargs.items()}
    names = iter(leaf_names(fun, args_to_box, kwargs_to_box))
    arrays: dict[int, Any] = {}  # one that is given twice is one object in the function

    def to_box(leaf):
        if not is_leaf(leaf):
            return stand_in(leaf)
        box = trace.input(leaf, next(names))
        inputs.append((box, box._node))
        return arrays.setdefault(id(leaf), box) if type(leaf) is np.ndarray and not apart else box

    new_args, new_kwargs = tree_map(to_box, (args_to_box, kwargs_to_box))
    containers = Containers((args_to_box, kwargs_to_box), (new_args, new_kwargs))
    new_args = tuple([stand_in(args[i]) if i in positions else arg for i, arg in enumerate(new_args)])
    new_kwargs = {
        name: stand_in(kwargs[name]) if name in static_argnames else arg for name, arg in new_kwargs.items()}
    return new_args, new_kwargs, containers


def find_problem(error: BaseException, trace: RecordTrace) -> NotReplayable | None:
    """What to say of a run that has failed, if it may have done so because it was traced: then the function itself is
    asked. None for an error of its own."""
    if isinstance(error, NotReplayable):
        return error
    if is_from_signal(error):
        return None
    # Only a traced value may be the cause, tracing takes more of the stack and of memory, or the message shows a box.
    kinds = (TypeError, AttributeError, EndedTraceError, RecursionError, MemoryError)
    if isinstance(error, kinds) or any(map(is_box, error.args)):
        return NotReplayable(report(error))
    if isinstance(error, Exception) and error is not trace.raised and is_of_package(error):
        return failed(error)
    return None


def failed(error: Exception) -> NotReplayable:
    problem = NotReplayable(report(error))
    problem.failure = error
    return problem


def has_written(inputs: list) -> bool:
    """Whether boxes of arguments stand for other values than at first."""
    return any(box._node is not node for box, node in inputs)


def refuse_shared(arguments: list, outside: list) -> None:
    """``arguments``, of which one has been written, have memory of their own."""
    if outside and overlap(arguments, outside):
        raise SharedMemory(outside=True)
    if overlap(arguments):
        raise SharedMemory(outside=False)


def find_reason(trace: RecordTrace, states: RandomStates, outside: list) -> str:
    """Why no replay can repeat the run; empty if one can."""
    if trace.arrays.are_written(outside):
        return "it writes into a plain array that it computes with; make it with anp.zeros(...)"
    if states.drawn_from(trace.numpy_state):
        return DRAWS
    return ""


def own_outputs(trace: RecordTrace, read: list, values: list, nodes: list, captured: CapturedState) -> list:
    """The outputs, in memory of their own where they are no arguments or hidden inputs, the nodes of which are
    ``read``, and no arrays from outside."""
    arguments = [node.value for node in read]
    constants = [node.value for node in (*trace.arrays.nodes.values(), *trace.made) if type(node.value) is np.ndarray]
    for node in (*trace.arrays.nodes.values(), *trace.outside):
        if node.name == LIVE and any(captured.followed.get(id(each)) is each for each in bases(node.value)):
            node.out = OUTSIDE
    return Owner(arguments, constants).own(values, nodes)


def check_outputs(values: list) -> None:
    for value in values:
        if type(value) not in boxers and not isinstance(value, STATICS):
            raise NotReplayable(f"it returned a {type(value).__name__}, which may be another one in each call")
