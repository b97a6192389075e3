"""The backward pass in one loop: in the place of ``backward.backward_pass``.

In a chain the next node is the parent, and the heap is not asked; large sums and cotangents are written into
(``donation``); on small arrays masks are left out until something is not finite (``pull_without_masks``). Gain: see
``python -m benchmarks --only chain`` and ``tests/test_unmasked.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from ..array_ops import array_ops
from ..backward import VJPNode, note_operation, zip_nested
from ..cotangents import add_cotangents, deferred_types
from ..masked_rules import pull_selected
from ..selections import Selected
from ..recording import RecordingTrace, begin_pass
from ..tracer import box_classes, running_traces, trace_stack
from .donation import ALONE, LEAST, Overwriting, add_into, getrefcount, overwritable
from .ownership import IN_SLOT

__all__ = ["backward_pass"]


def backward_pass(seeds: list[tuple[VJPNode, Any]], inputs: Sequence[VJPNode], keeps_selected: bool = False) -> list:
    """As the plain one."""
    pending: dict[int, Any] = {}  # the sum of the contributions to each node so far, by its index
    heap: list[VJPNode] = []
    reached: dict[int, Any] = {}  # the inputs, by index
    while seeds:
        contribute(*seeds.pop(), pending, heap)
    node = errors = None
    is_first_mask = not keeps_selected
    recording = begin_pass() if trace_stack.get() else None
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
                            if isinstance(rules, Overwriting):
                                is_free = getrefcount(g.value) <= IN_SLOT
                                node = index, rules.bind(is_free, g.value), *node[2:]
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
        if recording is not None:
            recording.end_pass()
    return [reached.get(node[0]) for node in inputs]


def pull_without_masks(node: VJPNode, g: Selected, pending: dict, heap: list) -> dict[int, Any] | None:
    """The rest of a backward pass without masks, which takes a third of the time on small arrays: the cotangents of the
    inputs by index, or None where masks may matter.

    They do where 0 · ∞ was NaN. A NaN reaches the inputs, or a rule that is not known to leave it as it is, where it is
    looked for. A trace that follows derivatives or records would have to see the masks. Meanwhile the caller holds the
    graph, and what it needs to do the same with masks: where arrays are large that is worth more than the time.
    """
    if any(trace.holds_values or isinstance(trace, RecordingTrace) for trace in running_traces()):
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
