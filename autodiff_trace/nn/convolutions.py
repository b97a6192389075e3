"""Convolutional layers, in the layout (images, channels, space …)."""

from __future__ import annotations

from typing import Any, NoReturn

from ..core.errors import caller_line
from ..core.tracebacks import border
from ..core.unknown_names import unknown_keyword
from ..numpy.canonical import as_array
from ..numpy import wrapped as anp
from .correlating import correlate
from .spans import check_fit, numbers_of, pairs_of

__all__ = ["conv1d", "conv2d"]


@border
def conv1d(
    x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1,
    groups: int = 1, **unknown: NoReturn,
) -> Any:
    """:func:`conv2d` of signals: ``x`` of shape (signals, channels, length), ``weight`` (outputs, channels, size).

    >>> import numpy as np
    >>> conv1d(np.arange(5.0).reshape(1, 1, 5), np.array([[[1.0, 0.0, -1.0]]]))
    array([[[-2., -2., -2.]]])
    """
    return convolution("conv1d", 1, x, weight, bias, stride, padding, dilation, groups, unknown)


@border
def conv2d(
    x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = "valid", dilation: Any = 1,
    groups: int = 1, **unknown: NoReturn,
) -> Any:
    """The convolution of networks (a correlation: kernels are not reversed), as PyTorch has it.

    Arguments:
        x: images, of shape (images, channels, height, width).
        weight: kernels, of shape (outputs, channels / groups, height, width).
        bias: a number for each of the outputs, or None.
        stride: how far the kernels move, a number or one for each axis.
        padding: zeros around the images: "valid" for none, "same" for as many answers as pixels (of stride s one in s),
            a number, one for each axis, or pairs (before, after).
        dilation: the distance of the pixels that a kernel sees.
        groups: the channels and the outputs fall into so many parts, each of which sees its own.

    Returns an array of shape (images, outputs, height, width). Raises ValueError where shapes do not fit.

    >>> import numpy as np
    >>> x, w = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))
    >>> conv2d(x, w)
    array([[[[ 8., 12.],
             [20., 24.]]]])
    >>> conv2d(x, w, stride=2, padding="same").shape
    (1, 1, 2, 2)
    """
    return convolution("conv2d", 2, x, weight, bias, stride, padding, dilation, groups, unknown)


SPACE = {1: "length", 2: "height, width"}


def convolution(name, ndim, x, weight, bias, stride, padding, dilation, groups, unknown):
    if unknown:
        raise unknown_keyword(name, unknown)
    x, weight = as_array(x), as_array(weight)
    for array, what, axes in ((x, "x", "images, channels"), (weight, "weight", "outputs, channels / groups")):
        if array.ndim != ndim + 2:
            raise ValueError(
                f"{name}: {what} has shape {array.shape}, but is of shape ({axes}, {SPACE[ndim]}) ({caller_line()})"
            )
    groups, = numbers_of(groups, 1, f"{name}: groups")
    channels, (outputs, seen) = x.shape[1], weight.shape[:2]
    if channels != seen * groups or outputs % groups:
        parts = f" in {groups} groups" if groups > 1 else ""
        raise ValueError(
            f"{name}: x of shape {x.shape} has {channels} channels{parts}, but weight of shape {weight.shape} is for "
            f"{seen} channels a group, and {outputs} outputs ({caller_line()})"
        )
    if 0 in weight.shape:
        raise ValueError(f"{name}: weight of shape {weight.shape} has no elements ({caller_line()})")
    sizes, strides = x.shape[2:], numbers_of(stride, ndim, f"{name}: stride")
    dilation = numbers_of(dilation, ndim, f"{name}: dilation")
    reach = tuple([(n - 1) * step + 1 for n, step in zip(weight.shape[2:], dilation)])
    pairs = pairs_of(padding, sizes, reach, strides, name)
    check_fit(x.shape, sizes, reach, pairs, name)
    ans = correlate(x, weight, strides, pairs, dilation, groups)
    if bias is None:
        return ans
    bias = as_array(bias)
    if bias.shape != (outputs,):
        raise ValueError(f"{name}: bias has shape {bias.shape}, but there are {outputs} outputs ({caller_line()})")
    return ans + anp.reshape(bias, (outputs, *[1] * ndim))
