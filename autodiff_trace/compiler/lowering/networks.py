"""Lowering of the functions for neural networks."""

from __future__ import annotations

import numpy as np

from ... import nn
from .. import calls
from ..node import Node
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
    steps = [top, finite, shift, below, powers, total, log, ans]
    return steps if keepdims else [*steps, step.with_call(calls.reshape, (ans, step.value.shape))]


@lowers(nn.label_losses)
def lower_label_losses(step):
    """The check, which fails for labels that are no classes; and the loss, which may not be needed."""
    logits, labels = step.args
    if step.kwargs or type(logits) is not Node or type(labels) is not Node or type(step.value) is not np.ndarray:
        return None
    checked = Node(calls.check_labels, (labels, logits.value.shape[-1]), {}, labels.value, "check_labels")
    return [checked, step.with_call(nn.label_losses.fun, (logits, checked))]
