"""Layers that take off the mean and divide by the standard deviation."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from ..core.derivative import DerivativeTrace
from ..core.errors import TracedValueError, caller_line
from ..core.tracebacks import border
from ..core.tracer import is_box
from ..core.traits import declare
from ..core.unary import unary
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from ..numpy.along_axes import reduction, runs_along
from ..numpy.broadcasting import cast
from ..numpy.canonical import as_array, axes_of
from ..numpy.definers import defrules
from ..numpy.rules.reductions import sum_over
from ..transforms.stopping import stop_gradient
from .reductions import as_hyperparameter

__all__ = ["batch_norm", "layer_norm"]


def normalise(x, axes, eps):
    """``x`` without its mean over its standard deviation √(variance + eps), and one over that, the axes kept.

    Half precision is computed in single precision. Where squares overflow, or leave nothing to divide by, all is
    computed on another scale.
    """
    x = x.astype(np.float32, copy=False) if x.dtype == np.float16 else x
    count = x.dtype.type(max(1, count_of(x, axes)))
    centred, variance = centre(x, axes, count)
    if not eps or not np.isfinite(variance).all():
        size = np.max(np.abs(x), axis=axes, keepdims=True, initial=0)
        is_finite = np.isfinite(size)
        is_small = (size > 0) & (size < SMALL[x.dtype.itemsize > 4]) if not eps else False
        if (is_finite & (is_small | ~np.isfinite(variance))).any():
            size = np.where(is_finite & (size > (1 if eps else 0)), size, x.dtype.type(1))
            centred, variance = centre(x / size / count, axes, count)
            with np.errstate(under="ignore", divide="ignore"):
                scale = 1 / np.sqrt(variance + (np.sqrt(x.dtype.type(eps)) / size / count) ** 2)
            return centred * scale, scale / size / count
    with np.errstate(divide="ignore"):
        scale = 1 / np.sqrt(variance + eps)
    return np.multiply(centred, scale, centred), scale


SMALL = 1e-12, 1e-138
"""Numbers, in single and in double precision, of which squares of differences are zero."""


def centre(x, axes, count):
    """``x`` less its mean, and the variance, the axes kept."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        centred = x - np.add.reduce(x, axis=axes, keepdims=True) / count
        return centred, np.add.reduce(np.square(centred), axis=axes, keepdims=True) / count


def count_of(x, axes):
    return math.prod([x.shape[axis] for axis in axes])


@unary
def normalised(x, axes, eps):
    return normalise(x, axes, eps)[0].astype(x.dtype, copy=False)


@unary
def inverse_deviation(x, axes, keepdims, eps):
    return normalise(x, axes, eps)[1].astype(x.dtype, copy=False)


# With y = c r, c = x − mean x and r = 1/√(mean c² + eps): dr = −r mean(y dx) r, dy = r (dx − mean dx − y mean(y dx))


def change(c, ans, x, axes, eps):
    scale, count = inverse_deviation(x, axes, True, eps), count_of(x, axes)
    return scale * (c - (sum_over(c, axes, True) + ans * sum_over(c * ans, axes, True)) / count)


def slope(ans, x, axes, eps):
    scale = inverse_deviation(x, axes, True, eps)
    return -scale * (scale * normalised(x, axes, eps)) / count_of(x, axes)


defrules(normalised, change, change)
runs_along(normalised)
reduction(inverse_deviation, slope=slope)
declare(normalised, inverse_deviation, owns_memory=True, harmless=True)


def checked(name: str, x: Any, eps: float) -> Any:
    """``x`` as an array of floating-point numbers."""
    x = as_array(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: x is complex ({caller_line()}). Write {name}(x.real)")
    if not eps >= 0:
        raise ValueError(f"{name}: eps is a number, at least 0, not {eps!r} ({caller_line()})")
    if is_box(eps) and isinstance(eps._trace, DerivativeTrace):
        raise TracedValueError(f"{name}: eps is a traced value ({caller_line()}). Write to_numpy(eps)")
    return x if x.dtype.kind == "f" else anp.astype(x, float)


def scaled(name, ans, weight, bias, shape, expand):
    """``ans`` times the weight plus the bias, where they are given; ``expand`` is their shape beside ``ans``."""
    for what, given in (("weight", weight), ("bias", bias)):
        if given is not None:
            given = as_array(given)
            if given.shape != shape:
                raise ValueError(f"{name}: {what} has shape {given.shape}, not {shape} ({caller_line()})")
            given = anp.reshape(given, expand)
            ans = ans * given if what == "weight" else ans + given
    return ans


@border
def layer_norm(
    x: Any, weight: Any = None, bias: Any = None, *, axis: int | tuple[int, ...] = -1, eps: float = 1e-5,
    **unknown: NoReturn,
) -> Any:
    """``(x - mean) / sqrt(variance + eps) * weight + bias``, mean and variance along ``axis`` (Ba and others, 2016).

    Arguments:
        x: an array of any shape.
        weight, bias: arrays of the lengths of the axes, or None.

    Raises ValueError where shapes do not fit.

    >>> import numpy as np
    >>> layer_norm(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), eps=0.0)
    array([[-1.22474487,  0.        ,  1.22474487],
           [-1.22474487,  0.        ,  1.22474487]])
    """
    if unknown:
        raise unknown_keyword("layer_norm", unknown)
    x = checked("layer_norm", x, eps)
    if not x.ndim:
        raise ValueError(f"layer_norm: x is a number, which has no axis ({caller_line()})")
    axes = axes_of(x, axis)
    shape = tuple([x.shape[i] for i in axes])
    expand = tuple([n if i in axes else 1 for i, n in enumerate(x.shape)])
    return scaled("layer_norm", normalised(x, axes, eps), weight, bias, shape, expand)


@border
def batch_norm(
    x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, *, training: bool = True,
    momentum: float = 0.1, eps: float = 1e-5, axis: int = 1, **unknown: NoReturn,
) -> tuple[Any, Any, Any]:
    """Each channel less its mean over its deviation, times its weight, plus its bias (Ioffe and Szegedy, 2015).

    Arguments:
        x: an array with at least two axes, of which ``axis`` is that of the channels.
        running_mean, running_var: for each channel the mean and the variance so far, at first zeros and ones.
        weight, bias: a number for each channel, or None.
        training: mean and variance are those of ``x`` along all other axes; False takes the running ones.
        momentum: how much of the new mean and variance goes into the running ones.

    Returns ``(y, running_mean, running_var)``. In training the running ones are new arrays, of which no derivative is
    taken; as in PyTorch their variance is that of n − 1. Else they are those that were given. Raises ValueError where
    shapes do not fit, and for one number a channel.

    >>> import numpy as np
    >>> y, mean, var = batch_norm(np.array([[1.0, 2.0], [3.0, 6.0]]), np.zeros(2), np.ones(2), eps=0.0)
    >>> y, mean, var
    (array([[-1., -1.],
           [ 1.,  1.]]), array([0.2, 0.4]), array([1.1, 1.7]))
    """
    if unknown:
        raise unknown_keyword("batch_norm", unknown)
    x = checked("batch_norm", x, eps)
    if x.ndim < 2:
        raise ValueError(f"batch_norm: x has shape {x.shape}, but needs two axes at least ({caller_line()})")
    channel_axis, = axes_of(x, axis)
    shape = x.shape[channel_axis],
    expand = tuple([n if i == channel_axis else 1 for i, n in enumerate(x.shape)])
    running_mean, running_var = as_array(running_mean), as_array(running_var)
    for what, given in (("running_mean", running_mean), ("running_var", running_var)):
        if given.shape != shape:
            raise ValueError(f"batch_norm: {what} has shape {given.shape}, not {shape} ({caller_line()})")
    if isinstance(momentum, (str, type(None))) or not 0 <= momentum <= 1:
        raise ValueError(f"batch_norm: momentum is a number from 0 to 1, not {momentum!r} ({caller_line()})")
    eps, momentum = as_hyperparameter(eps), as_hyperparameter(momentum)
    if not training:
        mean, var = (anp.reshape(cast(each, x.dtype), expand) for each in (running_mean, running_var))
        ans = (x - mean) / anp.sqrt(var + eps)
        return scaled("batch_norm", ans, weight, bias, shape, expand), running_mean, running_var
    axes = tuple([i for i in range(x.ndim) if i != channel_axis])
    count = count_of(x, axes)
    if count < 2:
        raise ValueError(
            f"batch_norm: x of shape {x.shape} has {count} numbers a channel, of which there is no variance "
            f"({caller_line()}). Write training=False, or take a larger batch"
        )
    ans = scaled("batch_norm", normalised(x, axes, eps), weight, bias, shape, expand)
    fixed = stop_gradient(x)
    new_mean, new_var = anp.mean(fixed, axis=axes), anp.var(fixed, axis=axes, ddof=1)
    return ans, blend(running_mean, new_mean, momentum), blend(running_var, new_var, momentum)


def blend(old, new, momentum):
    return (1 - momentum) * old + momentum * cast(new, old.dtype if old.dtype.kind == "f" else None)
