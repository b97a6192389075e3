"""The backward pass: cotangents go from the ends of a graph to its inputs. Knows no NumPy rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Any

from .array_ops import array_ops
from .cotangents import add_cotangents
from .masked_rules import pull_selected
from .recording import begin_pass, end_pass
from .selections import Selected, settle, settle_selected

__all__ = ["VJPNode", "backward_pass", "note_operation", "plain_pass", "pull_node", "zip_nested"]

VJPNode = tuple[int, Any, Any, Any, Sequence, dict, Any]
"""One recorded operation, ``(index, rule, parent, ans, args, kwargs, prim)``.

``rule(g, ans, *args, **kwargs)`` gives the cotangent of the argument that depends on the inputs, whose node is
``parent``. For an argument that is a sequence the parent is a list (of nodes, lists and None) and the rule gives a
sequence alike. Where several arguments depend on the inputs the parent is a list, too, and the rule one for all of
them, or a tuple with one for each. An input has no rule and no parent.

A tuple, because Python makes and reads one quicker than an object with slots (0.02 instead of 0.19 of 1.6 µs an
operation, forward and backward); and flat, because the garbage collector visits every container.
"""


def pull_node(node: VJPNode, g: Any) -> Iterable[tuple[VJPNode, Any]]:
    """The parents of a node with their cotangents, from that of its answer, which may be selected."""
    is_masked = type(g) is Selected and not g.is_mixed_by(node[6])
    return pull_selected(node, g) if is_masked else pull(node, settle(g))


def plain_pass(
    seeds: list[tuple[VJPNode, Any]], inputs: Sequence[VJPNode], keeps_selected: bool = False,
    pull_node: Callable[[VJPNode, Any], Iterable[tuple[VJPNode, Any]]] = pull_node,
) -> list:
    """Pull cotangents back from the ends of a graph to its inputs.

    Arguments:
        seeds: (node, cotangent) for each end. The list is emptied: when the caller holds no other reference, the
            graph is let go node by node as the pass leaves it.
        inputs: the nodes of the inputs.
        keeps_selected: give selected cotangents as they are: the pass is part of another.
        pull_node: what takes a cotangent through one node.

    Returns the cotangents of the inputs, None for one that was not reached.
    """
    pending: dict[int, Any] = {}  # the sum of the contributions to each node so far, by its index
    heap: list[VJPNode] = []
    reached: dict[int, Any] = {}  # the inputs, by index
    while seeds:
        contribute(*seeds.pop(), pending, heap)
    node = errors = None
    recording = begin_pass()
    try:
        while heap:
            node = heappop(heap)  # the newest
            g = settle_selected(pending.pop(node[0]))
            if node[1] is None:
                reached[node[0]] = g if keeps_selected else settle(g)
                continue
            if type(g) is Selected and errors is None:  # of what is not selected NumPy is not to warn
                errors = array_ops.error_state()
                array_ops.ignore_errors(errors)
            for parent, parent_g in pull_node(node, g):
                contribute(parent, parent_g, pending, heap)
    except Exception as error:
        note_operation(error, node)
        raise
    finally:
        if errors is not None:
            array_ops.restore_errors(errors)
        end_pass(recording)
    return [reached.get(node[0]) for node in inputs]


backward_pass = plain_pass
"""The pass that runs: by default a quicker one (``core/fast/passing``), under ``debugging`` one that is watched."""


def pull(node: VJPNode, g: Any) -> Iterator[tuple[VJPNode, Any]]:
    """The parents of a node with their cotangents."""
    _, rules, parents, ans, args, kwargs, _ = node
    for rule, parent in zip(rules, parents) if type(rules) is tuple else ((rules, parents),):
        parent_g = rule(g, ans, *args, **kwargs)
        if type(parent) is list:
            yield from zip_nested(parent, parent_g)
        else:
            yield parent, parent_g


def contribute(node: VJPNode, g: Any, pending: dict, heap: list) -> None:
    """Add ``g`` to the cotangent of ``node``; None is zero."""
    if g is None:
        return
    if node[0] in pending:
        pending[node[0]] = add_cotangents(pending[node[0]], g)
    else:
        pending[node[0]] = g
        heappush(heap, node)


def zip_nested(parents: list, cotangents: Sequence) -> Iterator[tuple[VJPNode, Any]]:
    """Pair the nodes in a nested list with their cotangents; None is zero for all of them."""
    if cotangents is None:
        return
    for parent, g in zip(parents, cotangents, strict=True):
        if type(parent) is list:
            yield from zip_nested(parent, g)
        elif parent is not None:
            yield parent, g


def note_operation(error: Exception, node: VJPNode | None) -> None:
    """Say in ``error`` which operation was being differentiated (Python 3.11 and later show such notes)."""
    if node is None or not hasattr(error, "add_note"):
        return
    *_, args, _, prim = node
    if prim is not None:
        arguments = ", ".join(describe_argument(arg) for arg in args)
        of_objects = any(str(getattr(arg, "dtype", "")) == "object" for arg in args)
        hint = " The rules are for arrays of numbers: write x.astype(float) for one of objects." * of_objects
        error.add_note(f"In the backward pass, at the rule for {prim.__name__}({arguments}).{hint}")


def describe_argument(arg: Any) -> str:
    """'float64[3,2]' for an array, else its representation."""
    if hasattr(arg, "dtype") and hasattr(arg, "shape"):
        return f"{arg.dtype}[{','.join(map(str, arg.shape))}]"
    return repr(arg)
