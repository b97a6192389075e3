"""Tracing: run a function once on the values it was called with, and list what it did."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import EndedTraceError
from ..core.pytree import Structure, find_container, tree_flatten, tree_map, tree_unflatten
from ..core.tracer import boxers, is_box, trace_stack
from ..transforms.names import is_users, root_module
from ..transforms.random_states import RandomStates
from ..transforms.surroundings import Surroundings
from .arguments import is_leaf
from .hidden_inputs import HiddenInputs, Places
from .node import Program
from .record import MixedTraces, NotReplayable, RecordTrace
from .stand_ins import StandIns

__all__ = ["Outside", "Recording", "record"]

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
    """

    result: Any
    program: Program | None
    structure: Structure
    reason: str
    draws: bool
    writes: bool
    pure: bool


class Outside:
    """How the recordings of one function take the arrays outside it.

    Attributes:
        stands_in: whether the function runs on copies of its variables, with boxes for arrays.
        folds: whether what is computed from such arrays alone is a constant. Then they are compared in each call.
        rewritten: how often that has shown that one of them had been written.
        places: the variables that have changed.
    """

    __slots__ = ("stands_in", "folds", "places", "rewritten")

    def __init__(self) -> None:
        self.stands_in = self.folds = True
        self.rewritten = 0
        self.places = Places()

    def drop_outdated(self, versions: list) -> None:
        """Let programs go whose arrays have been written into since they were made; and all of them where variables
        have become hidden inputs.

        From the second writing on all is computed anew in each run, as the function itself does.
        """
        if versions and self.places.note_changes(versions[0].surroundings):
            versions.clear()
        kept = [version for version in versions if not version.surroundings.hold_variables()]
        if len(kept) < len(versions):
            versions[:] = kept
            self.rewritten += 1
            self.folds = self.rewritten < 2

    def hide(self, surroundings: Surroundings) -> HiddenInputs | None:
        """The hidden inputs for these surroundings, which watch them no longer."""
        if not self.stands_in or not self.places.hidden:
            return None
        hidden = HiddenInputs(self.places.hidden.values(), surroundings)
        return hidden if hidden.places else None


class StandInFailure(Exception):
    """The function may not get along with boxes in place of arrays outside."""


def record(
    fun: Callable, args: tuple, kwargs: dict, surroundings: Surroundings, positions: Sequence[int] = (),
    static_argnames: Sequence[str] = (), outside: Outside | None = None, hidden: HiddenInputs | None = None,
) -> Recording:
    """Run ``fun`` on boxes of the numbers and arrays among its arguments, but for those that are static, and, with
    ``outside``, of the arrays among its variables, and of ``hidden`` inputs, which follow the arguments.

    Without that, nodes keep large values, for a person to look at.

    Raises NotReplayable if it got nowhere; then random generators are as they were.
    """
    trace = RecordTrace(keeps_values=outside is None, folds=outside is not None and outside.folds)
    if outside is not None and outside.stands_in and (surroundings.arrays or hidden is not None):
        stand_ins = StandIns(surroundings, trace, hidden)
        if stand_ins.arrays or stand_ins.inputs:
            try:
                return run(trace, fun, args, kwargs, surroundings, positions, static_argnames, stand_ins)
            except StandInFailure:
                if hidden is not None:
                    raise NotReplayable("it puts variables that change to uses that cannot be traced; pass them as "
                                        "arguments") from None
                recording = run(RecordTrace(), fun, args, kwargs, surroundings, positions, static_argnames, None)
                outside.stands_in = False
                return recording
    return run(trace, fun, args, kwargs, surroundings, positions, static_argnames, None)


def run(
    trace: RecordTrace, fun: Callable, args: tuple, kwargs: dict, surroundings: Surroundings,
    positions: Sequence[int], static_argnames: Sequence[str], stand_ins: StandIns | None,
) -> Recording:
    args_to_box = tuple([None if i in positions else arg for i, arg in enumerate(args)])
    kwargs_to_box = {name: None if name in static_argnames else arg for name, arg in kwargs.items()}
    names = iter(leaf_names(fun, args_to_box, kwargs_to_box))
    inputs = []
    stand_in = stand_ins.copy if stand_ins is not None else itself

    def to_box(leaf):
        if not is_leaf(leaf):
            return stand_in(leaf)
        box = trace.input(leaf, next(names))
        inputs.append((box, box._node))
        return box

    try:
        function = stand_in(fun)
    except Exception as error:  # an object, or a chain of them, that is not copied like others
        raise StandInFailure from error
    new_args, new_kwargs = tree_map(to_box, (args_to_box, kwargs_to_box))
    new_args = tuple([stand_in(args[i]) if i in positions else arg for i, arg in enumerate(new_args)])
    new_kwargs = {
        name: stand_in(kwargs[name]) if name in static_argnames else arg for name, arg in new_kwargs.items()}
    states = RandomStates(surroundings.generators)
    seen = stand_ins.seen if stand_ins is not None else ()
    surroundings.note_contents([array for array in surroundings.arrays if id(array) not in seen])
    stack = trace_stack.get()
    try:
        trace_stack.set((*stack, trace))
        output = function(*new_args, **new_kwargs)
        output_leaves, output_structure = tree_flatten(output)
        check_outputs(output_leaves)
        nodes = [trace.node_of(leaf) for leaf in output_leaves]
        values = [trace.value_of(leaf) for leaf in output_leaves]
    except BaseException as error:
        if not is_fault_of_tracing(error) and not (stand_ins is not None and is_foreign(error)):
            if stand_ins is not None:
                stand_ins.write_back()
            raise
        states.restore()
        if stand_ins is not None and not isinstance(error, MixedTraces):
            raise StandInFailure from error
        problem = error if isinstance(error, NotReplayable) else NotReplayable(f"{type(error).__name__}: {error}")
        problem.writes = has_written(inputs)
        raise problem from (None if problem is error else error)
    finally:
        trace_stack.set(stack)
        trace.end()
    rewrites = stand_ins is not None and stand_ins.write_back()
    arguments = [node.value for _, node in inputs]
    constants = [node.value for node in (*trace.arrays.nodes.values(), *trace.made) if type(node.value) is np.ndarray]
    owned = [own(value, node, arguments, constants) for value, node in zip(values, nodes)]
    result = tree_unflatten(output_structure, owned)
    pure = trace.raised is None and not rewrites and surroundings.hold()
    if not pure:
        surroundings.take_out(trace)
    reason = "" if rewrites else find_reason(trace, states, surroundings.contents)
    surroundings.note_contents(trace.compared.values())
    hidden = [node for _, _, node in stand_ins.boxes if node.kind == "input"] if stand_ins is not None else []
    program = None if reason else Program([node for _, node in inputs] + hidden, trace.steps, nodes)
    writes = has_written(inputs)
    return Recording(result, program, output_structure, reason, trace.draws, writes, pure)


def itself(value: Any) -> Any:
    return value


def is_fault_of_tracing(error: BaseException) -> bool:
    """Whether only a traced value may be the cause, or the message shows one: then the function itself is asked."""
    kinds = (NotReplayable, TypeError, AttributeError, EndedTraceError)
    return isinstance(error, kinds) or any(map(is_box, error.args))


def is_foreign(error: BaseException) -> bool:
    """Whether another package, or this one, has raised an error, which may not know boxes."""
    if not isinstance(error, Exception):
        return False
    packages = {root_module(type(error))} - {"builtins"}
    trace = error.__traceback__
    while trace is not None:
        packages.add(str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0])
        trace = trace.tb_next
    own = {__name__.partition(".")[0]}
    known = {"numpy", *sys.stdlib_module_names, *(own if root_module(type(error)) not in own else ())}
    return any(package not in known and not is_users(package) for package in packages)


def has_written(inputs: list) -> bool:
    """Whether boxes of arguments stand for other values than at first."""
    return any(box._node is not node for box, node in inputs)


def find_reason(trace: RecordTrace, states: RandomStates, outside: list) -> str:
    """Why no replay can repeat the run; empty if one can."""
    if trace.arrays.are_written(outside):
        return "it writes into a plain array that it computes with; make it with anp.zeros(...)"
    if states.drawn_from(trace.numpy_state):
        return "it draws random numbers that the trace does not see; draw with anp.random, or outside"
    return ""


def own(value: Any, node: Any, arguments: list, constants: list) -> Any:
    """An output, the value of ``node``, in memory of its own, so that whoever writes into it changes no constant of the
    program. One that is, or is a view of, an argument stays that."""
    if type(value) is not np.ndarray or any(np.may_share_memory(value, argument) for argument in arguments):
        return value
    # Of a large array the program has the outline alone, unless it is a constant.
    is_outlined = node.value is not value and 0 not in value.strides
    if is_outlined and not any(np.may_share_memory(value, constant) for constant in constants):
        return value
    return value.copy(order="K")


def check_outputs(values: list) -> None:
    for value in values:
        if type(value) not in boxers and not isinstance(value, STATICS):
            raise NotReplayable(f"it returned a {type(value).__name__}, which may be another one in each call")


def leaf_names(fun: Callable, args: tuple, kwargs: dict) -> list[str]:
    """For each number or array among the arguments the name of its parameter, with its place in a container."""
    try:
        parameters = [p.name for p in inspect.signature(fun).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        parameters = []
    parameters += [f"arg{i}" for i in range(len(parameters), len(args))]
    names: list[str] = []
    for parameter, arg in (*zip(parameters, args), *kwargs.items()):
        name_leaves(parameter, arg, names)
    return names


def name_leaves(name: str, tree: Any, names: list[str]) -> None:
    container = find_container(type(tree))
    if container is None:
        if is_leaf(tree):
            names.append(name)
        return
    children, extra = container[0](tree)
    children = list(children)
    keys = extra[-len(children):] if isinstance(extra, tuple) and children else range(len(children))
    for key, child in zip(keys, children):
        name_leaves(f"{name}_{key}", child, names)
