"""Lowering of the functions for neural networks."""

from __future__ import annotations

import numpy as np

from ....nn import activations, gelus, losses, softmaxes
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


# The functions themselves, ufunc by ufunc, so that they are fused with what is around them


def elementwise_steps(formula):
    """The lowering that ``formula(apply, *args)`` writes out: ``apply(ufunc, *operands)`` makes a step."""

    def lower(step):
        dtype, shape = step.spec.dtype, step.spec.shape
        arrays = [arg for arg in step.args if type(arg) is Node]
        if step.kwargs or not step.spec.is_array or dtype.char not in "fd" or not arrays:
            return None
        if not all([each.spec.dtype == dtype and each.spec.shape == shape for each in arrays]) or not all(
                [type(arg) in (Node, int, float) for arg in step.args]):
            return None
        steps = []

        def apply(ufunc, *operands):
            operands = [each if type(each) is Node else as_operand(each, dtype) for each in operands]
            steps.append(call(ufunc, tuple(operands), step))
            return steps[-1]

        last = formula(apply, *step.args)
        return [*steps[:-1], step.with_call(last.function, last.args)]

    return lower


def clipped(apply, x, low, high):
    return apply(np.minimum, apply(np.maximum, x, low), high)


def small_log(apply, x):
    """``log1p(exp(-abs(x)))``."""
    return apply(np.log1p, apply(np.exp, apply(np.negative, apply(np.absolute, x))))


def bent(apply, x, slope):
    return apply(np.add, apply(np.maximum, x, 0), apply(np.multiply, slope, apply(np.minimum, x, 0)))


def exponential(apply, x, alpha, scale):
    below = apply(np.multiply, alpha, apply(np.expm1, apply(np.minimum, x, 0)))
    return apply(np.multiply, scale, apply(np.add, apply(np.maximum, x, 0), below))


def tanh_gelu(apply, x):
    near = clipped(apply, x, -gelus.FAR, gelus.FAR)
    cubic = apply(np.multiply, gelus.CUBIC, apply(np.multiply, near, apply(np.square, near)))
    u = apply(np.multiply, gelus.ROOT_TWO_OVER_PI, apply(np.add, near, cubic))
    share = apply(activations.sigmoid.fun, apply(np.multiply, 2, u))
    return apply(np.multiply, apply(np.maximum, x, -gelus.FAR), share)


def rational(apply, x, powers):
    """``gelus.ratio``."""
    above, below = powers
    top = apply(np.add, apply(np.multiply, above[0], x), above[1])
    bottom = apply(np.add, x, below[1])
    for a, b in zip(above[2:], below[2:]):
        top = apply(np.add, apply(np.multiply, top, x), a)
        bottom = apply(np.add, apply(np.multiply, bottom, x), b)
    return apply(np.divide, top, bottom)


def normal_cdf(apply, x):
    """``gelus.cdf_of_block``, with all ranges everywhere, each within its bounds."""
    x = clipped(apply, x, -gelus.FAR, gelus.FAR)
    scaled = apply(np.multiply, x, gelus.ROOT_HALF)
    u = apply(np.absolute, scaled)
    middle = rational(apply, apply(np.minimum, u, gelus.MIDDLE_END), gelus.MIDDLE)
    far = apply(np.maximum, u, gelus.MIDDLE_END)
    square = apply(np.divide, 1, apply(np.multiply, far, far))
    tail = apply(np.subtract, gelus.ONE_OVER_ROOT_PI, apply(np.multiply, square, rational(apply, square, gelus.TAIL)))
    tail = apply(np.divide, tail, far)
    power = apply(np.multiply, 0.5, apply(np.exp, apply(np.multiply, -0.5, apply(np.square, x))))
    below = apply(np.multiply, apply(calls.select, apply(np.greater, u, gelus.MIDDLE_END), tail, middle), power)
    ans = apply(calls.select, apply(np.greater, x, 0), apply(np.subtract, 1, below), below)
    near = clipped(apply, scaled, -gelus.NEAR_END, gelus.NEAR_END)
    close = apply(np.multiply, apply(np.multiply, 0.5, near), rational(apply, apply(np.square, near), gelus.NEAR))
    return apply(calls.select, apply(np.less_equal, u, gelus.NEAR_END), apply(np.add, 0.5, close), ans)


def cdf_again(apply, x, product):
    x = clipped(apply, x, -gelus.FAR, gelus.FAR)
    is_zero = apply(np.equal, x, 0)
    share = apply(np.divide, apply(np.minimum, product, gelus.FAR), apply(calls.select, is_zero, 1, x))
    return apply(calls.select, is_zero, apply(np.add, x, 0.5), share)


def exact_gelu(apply, x):
    return apply(np.multiply, apply(np.maximum, x, -gelus.FAR), normal_cdf(apply, x))


for _prim, _formula in (
    (gelus.cdf_again, cdf_again), (gelus.exact_gelu, exact_gelu), (gelus.normal_cdf, normal_cdf),
    (gelus.tanh_gelu, tanh_gelu),
    (activations.exponential_unit, exponential), (activations.rectify, bent),
    (activations.hard_tanh, lambda apply, x: clipped(apply, x, -1, 1)),
    (activations.log_sigmoid, lambda apply, x: apply(np.subtract, apply(np.minimum, x, 0), small_log(apply, x))),
    (activations.relu6, lambda apply, x: clipped(apply, x, 0, 6)),
    (activations.silu, lambda apply, x: apply(
        np.multiply, apply(np.maximum, x, -activations.FAR), apply(activations.sigmoid.fun, x))),
    (activations.softplus, lambda apply, x: apply(np.add, apply(np.maximum, x, 0), small_log(apply, x))),
):
    lowers(_prim)(elementwise_steps(_formula))


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
