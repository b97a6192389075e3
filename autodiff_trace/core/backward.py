"""The backward pass: cotangents go from the ends of a graph to its inputs. Knows no NumPy rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import Any

from .array_ops import array_ops
from .cotangents import add_cotangents, deferred_types
from .masked_rules import pull_selected
from .donation import ALONE, LEAST, Overwriting, add_into, getrefcount, overwritable
from .selections import Selected
from .tracer import box_classes, running_traces

__all__ = ["VJPNode", "backward_pass"]

VJPNode = tuple[int, Any, Any, Any, Sequence, dict, Any]
"""One recorded operation, ``(index, rule, parent, ans, args, kwargs, prim)``.

``rule(g, ans, *args, **kwargs)`` gives the cotangent of the argument that depends on the inputs, whose node is
``parent``. For an argument that is a sequence the parent is a list (of nodes, lists and None) and the rule gives a
sequence alike. Where several arguments depend on the inputs the parent is a list, too, and the rule one for all of
them, or a tuple with one for each. An input has no rule and no parent.

A tuple, because Python makes and reads one quicker than an object with slots (0.02 instead of 0.19 of 1.6 µs an
operation, forward and backward); and flat, because the garbage collector visits every container.
"""


def backward_pass(seeds: list[tuple[VJPNode, Any]], inputs: Sequence[VJPNode], keeps_selected: bool = False) -> list:
    """Pull cotangents back from the ends of a graph to its inputs.

    Arguments:
        seeds: (node, cotangent) for each end. The list is emptied: when the caller holds no other reference, the
            graph is let go node by node as the pass leaves it.
        inputs: the nodes of the inputs.
        keeps_selected: give selected cotangents as they are: the pass is part of another.

    Returns the cotangents of the inputs, None for one that was not reached.
    """
    pending: dict[int, Any] = {}  # the sum of the contributions to each node so far, by its index
    heap: list[VJPNode] = []
    reached: dict[int, Any] = {}  # the inputs, by index
    while seeds:
        contribute(*seeds.pop(), pending, heap)
    node = errors = None
    is_first_mask = not keeps_selected
    try:
        while heap:
            node = heappop(heap)
            g = pending.pop(node[0])
            while True:
                index, rules, parents, ans, args, kwargs, prim = node
                if type(g) in deferred_types:
                    if type(g) is not Selected:
                        g = g.settle_selected()
                    if type(g) is Selected:
                        if rules is not None and not g.is_mixed_by(prim):
                            if errors is None:  # of what is not selected NumPy is not to warn
                                errors = array_ops.error_state()
                                array_ops.ignore_errors(errors)
                            if is_first_mask:
                                is_first_mask = False
                                found = pull_without_masks(node, g, pending, heap)
                                if found is not None:
                                    reached.update(found)
                                    heap = []
                                    break
                            for parent, parent_g in pull_selected(node, g):
                                contribute(parent, parent_g, pending, heap)
                            break
                        if rules is None and keeps_selected:
                            reached[index] = g
                            break
                        g = g.value
                if type(parents) is tuple:  # one argument, by far the commonest
                    g = rules(g, ans, *args, **kwargs) if kwargs else rules(g, ans, *args)
                    if g is not None and (not heap or parents[0] < heap[0][0]):
                        node = parents  # the newest that is reached is next, without a way through the heap (0.1 µs)
                        continue
                    contribute(parents, g, pending, heap)
                elif rules is None:
                    reached[index] = g
                else:
                    if isinstance(rules, Overwriting):
                        rules = rules.bind(getrefcount(g) <= ALONE, g)
                    contribute_to_several(rules, parents, g, ans, args, kwargs, pending, heap)
                break
    except Exception as error:
        note_operation(error, node)
        raise
    finally:
        if errors is not None:
            array_ops.restore_errors(errors)
    return [reached.get(node[0]) for node in inputs]


def pull_without_masks(node: VJPNode, g: Selected, pending: dict, heap: list) -> dict[int, Any] | None:
    """The rest of a backward pass without masks, which takes a third of the time on small arrays: the cotangents of the
    inputs by index, or None where masks may matter.

    They do where 0 · ∞ was NaN. A NaN reaches the inputs, or a rule that is not known to leave it as it is, where it is
    looked for. A trace that follows derivatives or records would have to see the masks. Meanwhile the caller holds the
    graph, and what it needs to do the same with masks: where arrays are large that is worth more than the time.
    """
    if any(trace.holds_values or trace.guards_values for trace in running_traces()):
        return None
    pending = {index: each.copy() if type(each) in deferred_types else each for index, each in pending.items()}
    heap = heap.copy()
    reached: dict[int, Any] = {}
    try:
        while True:
            index, rules, parents, ans, args, kwargs, prim = node
            if type(g) in deferred_types:
                g = g.settle()
            plain = g
            while type(plain) in box_classes and not plain._trace.holds_values:  # of a batch
                plain = plain._value
            if type(plain) in overwritable and plain.nbytes >= LEAST:
                return None
            if rules is None or not (prim.traits.elementwise or prim.traits.moves_elements):
                if not all(map(array_ops.is_finite, plain if isinstance(plain, tuple) else (plain,))):
                    return None
            if type(parents) is tuple:
                g = rules(g, ans, *args, **kwargs) if kwargs else rules(g, ans, *args)
                if g is not None and (not heap or parents[0] < heap[0][0]):
                    node = parents
                    continue
                contribute(parents, g, pending, heap)
            elif rules is None:
                reached[index] = g
            else:
                if isinstance(rules, Overwriting):
                    rules = rules.bind(getrefcount(g) <= ALONE, g)
                contribute_to_several(rules, parents, g, ans, args, kwargs, pending, heap)
            if not heap:
                return reached
            node = heappop(heap)
            g = pending.pop(node[0])
    except Exception:  # which may be due to a NaN; else it will come again
        return None


def contribute_to_several(rules, parents, g, ans, args, kwargs, pending, heap):
    """Add to the cotangents of several arguments, or of one that is a sequence."""
    for rule, parent in zip(rules, parents) if type(rules) is tuple else ((rules, parents),):
        parent_g = rule(g, ans, *args, **kwargs) if kwargs else rule(g, ans, *args)
        if type(parent) is list:
            for each_parent, each_g in zip_nested(parent, parent_g):
                contribute(each_parent, each_g, pending, heap)
        elif parent_g is not None and parent[0] not in pending:  # as a rule: contribute() written out (0.07 µs)
            pending[parent[0]] = parent_g
            heappush(heap, parent)
        else:
            contribute(parent, parent_g, pending, heap)


def contribute(node: VJPNode, g: Any, pending: dict, heap: list) -> None:
    """Add ``g`` to the cotangent of ``node``; None is zero."""
    if g is None:
        return
    index = node[0]
    if index in pending:
        total = pending.pop(index)
        if type(total) in overwritable and getrefcount(total) <= ALONE:
            pending[index] = add_into(total, g)
        else:
            pending[index] = add_cotangents(total, g)
    else:
        pending[index] = g
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
        error.add_note(f"In the backward pass, at the rule for {prim.__name__}({arguments}).")


def describe_argument(arg: Any) -> str:
    """'float64[3,2]' for an array, else its representation."""
    if hasattr(arg, "dtype") and hasattr(arg, "shape"):
        return f"{arg.dtype}[{','.join(map(str, arg.shape))}]"
    return repr(arg)
