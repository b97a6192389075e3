"""Lowering of the functions for neural networks."""

from __future__ import annotations

import numpy as np

from ... import nn
from .. import calls
from ..node import Node, literal
from .table import as_operand, call, lowers


@lowers(nn.relu)
def lower_relu(step):
    x = step.args[0]
    if type(step.value) is not np.ndarray or type(x) is not Node:
        return None
    return step.with_call(np.maximum, (x, as_operand(0, x.value.dtype)))


@lowers(nn.logsumexp)
def lower_logsumexp(step):
    """The steps of the function itself, so that they can be fused with what is around them."""
    x, *rest = step.args
    options = dict(zip(("axis", "keepdims"), rest), **step.kwargs)
    axis, keepdims = options.get("axis"), options.get("keepdims", False)
    if type(x) is not Node or type(x.value) is not np.ndarray or type(axis) is not int or type(keepdims) is not bool:
        return None
    if not x.value.size or x.value.ndim < 2:
        return None
    steps = logsumexp_steps(x, axis, step)
    return steps if keepdims else [*steps, step.with_call(calls.reshape, (steps[-1], step.value.shape))]


def logsumexp_steps(x: Node, axis: int, step: Node) -> list[Node]:
    """The steps that compute ``logsumexp`` of an array along an axis, which is kept, in the place of ``step``."""
    with np.errstate(all="ignore"):
        top = call(calls.MAXIMUM_REDUCE, (x, axis, None, None, True), np.max(x.value, axis, keepdims=True), step)
        finite = call(np.isfinite, (top,), np.isfinite(top.value), step)
        shift = call(calls.select, (finite, top, as_operand(0, x.value.dtype)), top.value, step)
        below = call(np.subtract, (x, shift), x.value, step)
        powers = call(np.exp, (below,), x.value, step)
    total = call(calls.ADD_REDUCE, (powers, axis, None, None, True), top.value, step)
    log = call(np.log, (total,), top.value, step)
    log.errstate = {**(step.errstate or {}), "divide": "ignore"}
    ans = call(np.add, (log, shift), top.value, step)
    return [top, finite, shift, below, powers, total, log, ans]


@lowers(nn.label_losses)
def lower_label_losses(step):
    """The check, which fails for labels that are no classes; and the loss, which may not be needed."""
    logits, labels = step.args
    if step.kwargs or type(logits) is not Node or type(labels) is not Node or type(step.value) is not np.ndarray:
        return None
    checked = Node(calls.check_labels, (labels, logits.value.shape[-1]), {}, labels.value, "check_labels")
    if logits.value.ndim != 2 or not logits.value.size:
        return [checked, step.with_call(nn.label_losses.fun, (logits, checked))]
    steps = logsumexp_steps(logits, -1, step)
    total = call(calls.reshape, (steps[-1], step.value.shape), step.value, step)
    rows = literal(np.arange(len(logits.value)))
    picked = call(calls.getitem, (logits, (rows, checked)), step.value, step)
    return [*steps, total, checked, picked, step.with_call(np.subtract, (total, picked))]
