"""Lowering of the functions for neural networks."""

from __future__ import annotations

import numpy as np

from ....nn import activations, losses, softmaxes
from ...backends.numpy_source import calls
from ...ir.node import Node, literal
from ...ir.infer import call
from .table import as_operand, lowers


@lowers(activations.relu)
def lower_relu(step):
    x = step.args[0]
    if not step.spec.is_array or type(x) is not Node or x.spec.dtype != step.spec.dtype:
        return None
    return step.with_call(np.maximum, (x, as_operand(0, x.spec.dtype)))


@lowers(softmaxes.logsumexp_over)
def lower_logsumexp(step):
    """The steps of the function itself, so that they can be fused with what is around them."""
    x, axes, keepdims = step.args
    if not is_lowered(x, axes):
        return None
    steps = powers_steps(x, axes[0], step)
    log = log_step(steps[-1])
    ans = call(np.add, (log, steps[2]), step)
    if not keepdims:
        if not step.spec.is_array:
            return [*steps, log, ans, step.with_call(calls.getitem, (ans, 0))]
        return [*steps, log, ans, step.with_call(calls.reshape, (ans, step.spec.shape))]
    return [*steps, log, step.with_call(np.add, ans.args)]


@lowers(softmaxes.log_softmax_along)
def lower_log_softmax(step):
    x, axes = step.args
    if not is_lowered(x, axes):
        return None
    steps = powers_steps(x, axes[0], step)
    log = log_step(steps[-1])
    return [*steps, log, step.with_call(np.subtract, (steps[3], log))]


@lowers(softmaxes.shares, softmaxes.softmax_along)
def lower_softmax(step):
    x, axes = step.args
    if not is_lowered(x, axes):
        return None
    steps = powers_steps(x, axes[0], step)
    total = steps[-1]
    if step.function is softmaxes.shares:
        # The largest power is 1, or there is none: where x is -inf alone the sum is 0.
        total = call(np.maximum, (total, as_operand(1, total.spec.dtype)), step)
        steps.append(total)
    return [*steps, step.with_call(np.divide, (steps[4], total))]


def is_lowered(x, axes) -> bool:
    """Whether a softmax is along one axis, for which the steps compute what the function does."""
    if type(x) is not Node or not x.spec.is_array or len(axes) != 1:
        return False
    return x.spec.size > 0 and x.spec.dtype.char in "fd"


def powers_steps(x: Node, axis: int, step: Node) -> list[Node]:
    """The steps of ``softmaxes.below_top``, the powers and, last, their sum, in the place of ``step``."""
    top = call(calls.MAXIMUM_REDUCE, (x, axis, None, None, True), step)
    finite = call(np.isfinite, (top,), step)
    shift = call(calls.select, (finite, top, as_operand(0, x.spec.dtype)), step)
    below = call(np.subtract, (x, shift), step)
    powers = call(np.exp, (below,), step)
    total = call(calls.ADD_REDUCE, (powers, axis, None, None, True), step)
    return [top, finite, shift, below, powers, total]


def log_step(total: Node) -> Node:
    """The logarithm of the sum of the powers."""
    log = call(np.log, (total,), total)
    log.errstate = {**(total.errstate or {}), "divide": "ignore"}
    return log


@lowers(losses.label_losses)
def lower_label_losses(step):
    """The check, which fails for labels that are no classes; and the loss, which may not be needed."""
    logits, labels = step.args
    if step.kwargs or type(logits) is not Node or type(labels) is not Node or not step.spec.is_array:
        return None
    checked = Node(calls.check_labels, (labels, logits.spec.shape[-1]), {}, labels.spec, "check_labels")
    if logits.spec.ndim != 2 or not is_lowered(logits, (1,)):
        return [checked, step.with_call(losses.label_losses.fun, (logits, checked))]
    steps = powers_steps(logits, -1, step)
    log = log_step(steps[-1])
    flat = call(calls.reshape, (log, step.spec.shape), step)
    rows = literal(np.arange(logits.spec.shape[0]))
    picked = call(calls.getitem, (steps[3], (rows, checked)), step, step.spec)
    return [*steps, log, flat, checked, picked, step.with_call(np.subtract, (flat, picked))]
