"""First values of parameters: each function is called with a generator and a shape.

Of a matrix of shape (inputs, outputs), by which rows are multiplied from the right (``x @ w``), the fans are these two;
of the kernels of a convolution, of shape (outputs, channels, size …), they are channels · size and outputs · size. Of
other shapes ``in_axis`` and ``out_axis`` say it.

>>> import numpy as np
>>> from autodiff_trace.nn import init
>>> rng = np.random.default_rng(0)
>>> params = {"w": init.he_normal(rng, (784, 100)), "b": init.zeros(rng, 100)}
>>> round(float(params["w"].std() * np.sqrt(784 / 2)), 2)
1.0
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..core.errors import caller_line
from ..core.tracebacks import border
from ..core.unknown_names import unknown_name
from ..numpy.generators import checked_generator

__all__ = [
    "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "ones", "orthogonal",
    "zeros",
]


if not TYPE_CHECKING:  # to which it would say that there is every name
    def __getattr__(name):
        raise unknown_name(__name__, name)


def shape_of(name: str, shape: Any) -> tuple[int, ...]:
    shape = tuple(shape) if isinstance(shape, (list, tuple, np.ndarray)) else (shape,)
    if not all([isinstance(n, (int, np.integer)) and n >= 0 for n in shape]):
        raise ValueError(f"init.{name}: shape is a tuple of integers, not {shape!r} ({caller_line()})")
    return shape


def checked(name: str, rng: Any, shape: Any, dtype: Any) -> tuple[tuple[int, ...], np.dtype]:
    checked_generator(rng, f"init.{name}")
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise ValueError(f"init.{name}: dtype is a floating-point one, not {dtype} ({caller_line()})")
    return shape_of(name, shape), dtype


def fans(name: str, shape: tuple, in_axis: int | None, out_axis: int | None) -> tuple[int, int]:
    """How many inputs an output has, and how many outputs an input."""
    if len(shape) < 2:
        raise ValueError(
            f"init.{name}: of shape {shape} there are no inputs and outputs ({caller_line()}). Write init.zeros(rng, "
            "shape) for a bias"
        )
    is_kernel = len(shape) > 2
    in_axis = (1 if is_kernel else 0) if in_axis is None else in_axis
    out_axis = (0 if is_kernel else 1) if out_axis is None else out_axis
    in_axis, out_axis = normalize_axis_index(in_axis, len(shape)), normalize_axis_index(out_axis, len(shape))
    inputs, outputs = shape[in_axis], shape[out_axis]
    seen = math.prod([n for i, n in enumerate(shape) if i not in (in_axis, out_axis)])
    return max(1, inputs * seen), max(1, outputs * seen)


def normal_of(name, rng, shape, dtype, gain, fan, in_axis, out_axis):
    shape, dtype = checked(name, rng, shape, dtype)
    scale = gain / math.sqrt(fan(*fans(name, shape, in_axis, out_axis)))
    return (rng.standard_normal(shape) * scale).astype(dtype)


def uniform_of(name, rng, shape, dtype, gain, fan, in_axis, out_axis):
    shape, dtype = checked(name, rng, shape, dtype)
    limit = gain * math.sqrt(3 / fan(*fans(name, shape, in_axis, out_axis)))
    return rng.uniform(-limit, limit, shape).astype(dtype)


def first(inputs, outputs):
    return inputs


def mean(inputs, outputs):
    return (inputs + outputs) / 2


@border
def he_normal(
    rng: np.random.Generator, shape: Any, *, dtype: Any = float, gain: float = math.sqrt(2), in_axis: int | None = None,
    out_axis: int | None = None,
) -> np.ndarray:
    """Normal numbers of standard deviation ``gain / sqrt(inputs)``, for layers with relu (He and others, 2015).

    Arguments:
        rng: a ``numpy.random.Generator``.
        shape: of the parameters, two axes or more.
        dtype: a floating-point one. Draws are the same for all.
        gain: the root of two is that of relu.
        in_axis, out_axis: of the inputs and of the outputs, where the shape does not tell.

    Not truncated. Raises TypeError for what is no generator, and ValueError for shapes without inputs and outputs.

    >>> he_normal(np.random.default_rng(0), (2, 3), dtype=np.float32).dtype
    dtype('float32')
    """
    return normal_of("he_normal", rng, shape, dtype, gain, first, in_axis, out_axis)


@border
def he_uniform(
    rng: np.random.Generator, shape: Any, *, dtype: Any = float, gain: float = math.sqrt(2), in_axis: int | None = None,
    out_axis: int | None = None,
) -> np.ndarray:
    """Uniform numbers of the standard deviation of :func:`he_normal`; the arguments are its own.

    >>> bool(abs(he_uniform(np.random.default_rng(0), (6, 50))).max() <= 1.0)
    True
    """
    return uniform_of("he_uniform", rng, shape, dtype, gain, first, in_axis, out_axis)


@border
def lecun_normal(
    rng: np.random.Generator, shape: Any, *, dtype: Any = float, gain: float = 1.0, in_axis: int | None = None,
    out_axis: int | None = None,
) -> np.ndarray:
    """:func:`he_normal` with gain 1, for layers with selu (LeCun and others, 1998).

    >>> lecun_normal(np.random.default_rng(0), (16, 3, 5, 5)).shape
    (16, 3, 5, 5)
    """
    return normal_of("lecun_normal", rng, shape, dtype, gain, first, in_axis, out_axis)


@border
def lecun_uniform(
    rng: np.random.Generator, shape: Any, *, dtype: Any = float, gain: float = 1.0, in_axis: int | None = None,
    out_axis: int | None = None,
) -> np.ndarray:
    """:func:`he_uniform` with gain 1.

    >>> bool(abs(lecun_uniform(np.random.default_rng(0), (3, 50))).max() <= 1.0)
    True
    """
    return uniform_of("lecun_uniform", rng, shape, dtype, gain, first, in_axis, out_axis)


@border
def glorot_normal(
    rng: np.random.Generator, shape: Any, *, dtype: Any = float, gain: float = 1.0, in_axis: int | None = None,
    out_axis: int | None = None,
) -> np.ndarray:
    """Normal numbers of standard deviation ``gain * sqrt(2 / (inputs + outputs))`` (Glorot and Bengio, 2010).

    The arguments are those of :func:`he_normal`.

    >>> glorot_normal(np.random.default_rng(0), (2, 3)).shape
    (2, 3)
    """
    return normal_of("glorot_normal", rng, shape, dtype, gain, mean, in_axis, out_axis)


@border
def glorot_uniform(
    rng: np.random.Generator, shape: Any, *, dtype: Any = float, gain: float = 1.0, in_axis: int | None = None,
    out_axis: int | None = None,
) -> np.ndarray:
    """Uniform numbers of the standard deviation of :func:`glorot_normal`; the arguments are those of :func:`he_normal`.

    >>> bool(abs(glorot_uniform(np.random.default_rng(0), (3, 3))).max() <= 1.0)
    True
    """
    return uniform_of("glorot_uniform", rng, shape, dtype, gain, mean, in_axis, out_axis)


@border
def orthogonal(rng: np.random.Generator, shape: Any, *, dtype: Any = float, gain: float = 1.0) -> np.ndarray:
    """``gain`` times a matrix with orthonormal rows or columns, whichever are fewer (Saxe and others, 2014).

    Of more than two axes all but the first are one. Raises as :func:`he_normal` does.

    >>> w = orthogonal(np.random.default_rng(0), (3, 5))
    >>> np.round(w @ w.T, 12) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    shape, dtype = checked("orthogonal", rng, shape, dtype)
    fans("orthogonal", shape, None, None)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.where(np.diagonal(r) < 0, -1, 1)  # so that all orthogonal matrices are equally likely
    return np.ascontiguousarray((gain * (q if rows >= columns else q.T)).reshape(shape), dtype)


@border
def zeros(rng: np.random.Generator, shape: Any, *, dtype: Any = float) -> np.ndarray:
    """Zeros, for which the generator is not asked.

    >>> zeros(np.random.default_rng(0), 3)
    array([0., 0., 0.])
    """
    return np.zeros(*checked("zeros", rng, shape, dtype))


@border
def ones(rng: np.random.Generator, shape: Any, *, dtype: Any = float) -> np.ndarray:
    """Ones, for which the generator is not asked.

    >>> ones(np.random.default_rng(0), 3)
    array([1., 1., 1.])
    """
    return np.ones(*checked("ones", rng, shape, dtype))
