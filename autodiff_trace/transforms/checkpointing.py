"""``checkpoint``: keep the inputs of a function, and compute it again in the backward pass.

A traced value that the function reads, as an argument or from around it, is noticed when it is first used (its trace
has *substitutions*, see ``trace_substitution``). So the inputs of a run are known after it, whatever the function is
made of.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..core.array_ops import array_ops
from ..core import backward
from ..core.backward import VJPNode
from ..core.batching import BatchTrace, trace_batch
from ..core.errors import TracedValueError, caller_line
from ..core.forward import JVPTrace, trace_jvp
from ..core.pytree import tree_flatten, tree_unflatten
from ..core.reverse import VJPTrace, trace_vjp
from ..core.selections import Mask, Selected, settle
from .trace_substitution import active, current, substituting
from ..core.tracebacks import border
from ..core.tracer import Box, Trace, boxers, innermost_trace, is_box, own_box, running_traces
from ..core.transformed import Transformed
from ..core.unknown_names import unknown_keyword
from .steps import record_step

__all__ = ["checkpoint", "recompute", "traces_to_handle"]

Thunk = Callable[[], list]


@border
def checkpoint(fun: Callable, **unknown: NoReturn) -> Callable:
    """``fun``, whose intermediate values are not kept for the backward pass but computed again in it.

    Arguments:
        fun: any function of traced values, also of ones that it closes over. When it is computed again it draws the
            random numbers that it drew, and reads its variables, and what lists, dicts, objects and arrays in them
            held, as they were when it was called; what it changes outside itself in that run is not seen. (These are
            looked for in code of the user, not in installed packages.)

    Returns a function of the same arguments, with the same derivatives of every order. It costs one more evaluation
    and saves memory: of a call only inputs and outputs are kept. A chain of n steps in blocks of √n steps, each a
    checkpoint, keeps √n values between the blocks and those within one block, instead of n. Checkpoints nest: a block
    may consist of blocks, for log n values and as many evaluations.

    Raises TracedValueError if ``fun`` writes into an argument: its caller could not see that; in the backward pass if
    there is no copy of what it read, or if it returns other values than before.

    >>> from autodiff_trace import grad, numpy as anp
    >>> float(grad(checkpoint(anp.sin))(0.0))
    1.0
    >>> float(grad(lambda w: checkpoint(lambda x: w * w * x)(5.0))(2.0))
    20.0
    """
    if unknown:
        raise unknown_keyword("checkpoint", unknown)
    return Transformed("checkpoint", apply_checkpoint, fun)


def apply_checkpoint(fun, options, args, kwargs):
    leaves, structure = tree_flatten((args, kwargs))
    out_structure = None

    def thunk(fun, *leaves):
        nonlocal out_structure
        own = [own_current(leaf) if is_box(leaf) else leaf for leaf in leaves]
        values = [box._value if is_box(box) else None for box in own]
        new_args, new_kwargs = tree_unflatten(structure, own)
        outputs, out_structure = tree_flatten(fun(*new_args, **new_kwargs))
        if any(is_box(box) and box._value is not value for box, value in zip(own, values)):
            raise TracedValueError(
                f"checkpoint: {getattr(fun, '__name__', fun)} writes into its argument ({caller_line()}), which its "
                "caller would not see. Let it write into a copy and return that."
            )
        return outputs

    # The caller may write into its boxes before the function is run again.
    own = [own_current(leaf) if is_box(leaf) else leaf for leaf in leaves]
    name = getattr(fun, "__name__", repr(fun))
    outputs = recompute(thunk, name, fun, *own)
    array_ops.note_shared(name, outputs, leaves)
    return tree_unflatten(out_structure, outputs)


def own_current(box: Box) -> Any:
    """What ``box`` stands for now, in a box of one's own; a plain value (``closures``) as it is."""
    value = current(box)
    return own_box(value) if is_box(value) else value


def recompute(thunk: Callable[..., list], name: str, *roots: Any) -> list:
    """The outputs of ``thunk(*roots)``, of whose run the reverse traces keep only what it reads.

    ``roots`` are the user's function and its arguments; ``name`` is for messages.
    """
    traces = traces_to_handle()
    if not traces:
        return thunk(*roots)
    if roots:
        from ..captured_state.reruns import Rerun  # it takes its time to load, and most programs do without

        thunk = Rerun(thunk, roots, name)
    return run(traces, thunk, name)


def traces_to_handle() -> tuple[Trace, ...]:
    """The lowest running reverse trace and all above; none where one of them does not know how to start again."""
    stack = running_traces()
    ground = active.get().ground
    if ground in stack:  # those below have substitutions: they are handled from outside
        stack = stack[stack.index(ground) :]
    for i, trace in enumerate(stack):
        if isinstance(trace, VJPTrace):
            known = all(isinstance(each, (VJPTrace, JVPTrace, BatchTrace)) for each in stack[i:])
            return stack[i:] if known else ()
    return ()


def run(traces: Sequence[Trace], thunk: Thunk, name: str) -> list:
    """Run ``thunk`` so that ``traces``, innermost last, see it as one step.

    Each hands a thunk without its own boxes to the one below; below all of them it runs with nothing to record.
    """
    if not traces:
        return run_on_ground(thunk)
    *lower, trace = traces
    if isinstance(trace, VJPTrace):
        return run_reverse(trace, lower, thunk, name)
    return (run_forward if isinstance(trace, JVPTrace) else run_batch)(trace, lower, thunk, name)


def run_on_ground(thunk: Thunk) -> list:
    """Run ``thunk`` with all values constant, but boxed, so that writing into one copies it."""

    def grounded():
        with substituting({}, innermost_trace()):
            return [current(x) for x in thunk()]

    return trace_jvp(grounded, (), ())[0]


def with_lift(trace: Trace, lift: Callable[[Any], Any], thunk: Thunk) -> list:
    """Run ``thunk`` with substitutions for the boxes of one more trace."""
    ground = active.get().ground
    with substituting({trace: (lift, ground)}, ground):
        return [current(x) for x in thunk()]


def restart(trace: Trace, thunk: Thunk) -> list:
    """Run ``thunk`` with the boxes of ``trace`` standing for boxes of the trace that has just been started."""
    own = innermost_trace()
    return with_lift(trace, lambda box: type(box)(box._value, own, box._node), thunk)


def run_batch(trace: BatchTrace, lower: Sequence[Trace], thunk: Thunk, name: str) -> list:
    mapped: list[bool] = []

    def batched():
        outputs, mapped[:] = trace_batch(functools.partial(restart, trace, thunk), [], [], trace.size)
        return outputs

    outputs = run(lower, batched, name)
    return [boxers[type(x)](x, trace, True) if each else x for x, each in zip(outputs, mapped, strict=True)]


def run_forward(trace: JVPTrace, lower: Sequence[Trace], thunk: Thunk, name: str) -> list:
    def pushed():
        outputs, tangents = trace_jvp(functools.partial(restart, trace, thunk), (), ())
        return outputs + tangents

    both = run(lower, pushed, name)
    count = len(both) // 2
    return [x if t is None else boxers[type(x)](x, trace, t) for x, t in zip(both[:count], both[count:])]


def run_reverse(trace: VJPTrace, lower: Sequence[Trace], thunk: Thunk, name: str) -> list:
    """One node for all outputs, whose parents are the nodes of the boxes that were read."""
    places: dict[int, int] = {}
    nodes: list[VJPNode] = []
    values: list = []

    def note(box):
        if box._node is not None and id(box._node) not in places:
            places[id(box._node)] = len(nodes)
            nodes.append(box._node)
            values.append(box._value)
        return box._value

    outer = active.get().lifts
    outputs = run(lower, functools.partial(with_lift, trace, note, thunk), name)
    if not nodes:
        return outputs

    def pull(gs):
        def again(*boxes):
            def find(box):
                if box._node is None:
                    return box._value
                if id(box._node) not in places:
                    raise TracedValueError(
                        f"checkpoint: in the backward pass {name} reads other traced values than before "
                        f"({caller_line()}). What it closes over must not be written to after the call."
                    )
                return boxes[places[id(box._node)]]

            ground = innermost_trace()
            with substituting({**outer, trace: (find, ground)}, ground):
                results = [current(x) for x in thunk()]
            return results

        _, ends, inputs = trace_vjp(again, values)
        seeds = [(end, g) for end, g in zip(ends, gs) if end is not None and g is not None]
        pulled = backward.backward_pass(seeds, inputs, keeps_selected=True)
        # Masks are found while the traces that they were made under are there.
        return [settle(g) for g in pulled] + [g.mask() if type(g) is Selected else None for g in pulled]

    def pull_now(gs):
        for g in gs:
            if type(g) is Selected:
                g.mask()
        # An outer reverse trace computes this pass again as well, and keeps nothing of it.
        pulled = recompute(functools.partial(pull, gs), f"the derivative of {name}")
        return list(map(with_mask, pulled[: len(nodes)], pulled[len(nodes) :]))

    return record_step(trace, outputs, nodes, pull_now, name, takes_selected=True)


def with_mask(g: Any, mask: Any) -> Any:
    return g if mask is None else Selected(g, Mask(lambda: mask))
