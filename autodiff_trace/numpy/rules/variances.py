"""The reductions var and std."""

from __future__ import annotations

import warnings

import numpy as np
from numpy import ndarray
from numpy.lib.array_utils import normalize_axis_tuple

from ...core.array_ops import array_ops
from ...core.foreign import has_values
from ...core.tracer import is_box
from ...core.traits import ANSWER
from .. import wrapped as anp
from ..along_axes import fill_in, reduction
from ..broadcasting import cast
from ..canonical import NO_VALUE, as_array, axes_of, is_given
from ..definers import define
from .lengths import euclidean_norm, unit
from .reductions import count_reduced, mean_over, sum_over

# var = Σ |x − mean|² / (n − ddof), dvar = Σ 2 Re(conj(x − mean) dx) / (n − ddof); the mean's own change adds nothing


def deviation(x, axes):
    """conj(x − mean)."""
    difference = x - mean_over(x, axes, True)
    return anp.conjugate(difference) if difference.dtype.kind == "c" else difference


def degrees_of_freedom(x, axes, ddof):
    """n − ddof, which is NaN where it is not positive."""
    n = count_reduced(x, axes) - ddof
    return n if n > 0 else np.nan


def var_slope(ans, x, axes, ddof):
    return deviation(x, axes) * (2 / degrees_of_freedom(x, axes, ddof))


# std = |x − mean| / √(n − ddof), dstd = Re(u dx) / √(n − ddof) with the direction u of conj(x − mean); 0 where the
# elements are equal. The length is not taken from the answer: that is 0 or inf where the squares under- or overflow.


def std_slope(ans, x, axes, ddof):
    difference = deviation(x, axes)
    length = euclidean_norm(difference, axes, True)
    return unit(difference, length) * (1 / np.sqrt(degrees_of_freedom(x, axes, ddof)))


def reduction_of_deviations(function, slope, root):
    """The primitive of a function of the deviations from the mean, from its slope by each element; ``root`` is None, or
    the square root of the answer."""

    def compute(x, axes, keepdims, ddof):
        if type(x) is not ndarray or x.dtype.char not in "fd" or not 0 < (n := count_reduced(x, axes)) > ddof:
            return function(x, axes, ddof=ddof, keepdims=keepdims)
        difference = x - np.add.reduce(x, axes, None, None, True) / n
        total = np.add.reduce(difference * difference, axes, None, None, keepdims)
        return root(total / (n - ddof))

    return reduction(compute, function, slope=slope, unread={0: (ANSWER,)})


var_over = reduction_of_deviations(np.var, var_slope, lambda x: x)
std_over = reduction_of_deviations(np.std, std_slope, np.sqrt)


def define_spread(function, prim, of_deviation):
    """The public form; with ``where=`` or ``mean=`` by ``of_deviation(difference, 1 / n, axes, keepdims)``."""

    @define(function)
    def spread(a, axis, dtype, out, ddof, keepdims, where, mean, correction):
        x = as_array(a)
        axes = axes_of(x, axis)
        if not axes and axis is not None and not is_given(where):
            normalize_axis_tuple(axis, x.ndim)  # of a number there is no axis 0
        if is_given(correction):
            if ddof:
                raise ValueError("ddof and correction can't be provided simultaneously.")
            ddof = correction
        keepdims = keepdims is not NO_VALUE and bool(keepdims)
        if x.dtype.kind == "c" and dtype is not None and np.dtype(dtype).kind != "c":
            raise TypeError(f"{function.__name__}: dtype={dtype!r} would drop the imaginary parts of complex numbers")
        x = cast(x, dtype)
        if is_given(where) or is_given(mean):
            narrow = x.dtype if x.dtype == np.float16 else None
            wide = np.float32 if narrow else np.float64 if x.dtype.kind in "iub" else None
            difference, factor = deviation_from(function, cast(x, wide), axes, keepdims, ddof, where, mean)
            ans = cast(of_deviation(difference, factor, axes, keepdims), narrow)
        else:
            ans = prim(x, axes, keepdims, ddof)
        return array_ops.store(out, cast(ans, dtype))


def deviation_from(function, x, axes, keepdims, ddof, where, mean):
    """The difference of ``x`` from ``mean``, 0 where the mask is false, and 1 / n for the n degrees of freedom."""
    if not is_given(where):
        where = np.True_
    x = fill_in(x, where, 0)  # NaNs that it leaves out must not reach a second derivative
    count = sum_over(anp.broadcast_to(where, x.shape), axes, True)
    if not is_given(mean):
        mean = sum_over(x, axes, True) / cast(anp.maximum(count, 1), x.real.dtype)
    n = cast((count if keepdims else anp.squeeze(count, axes)) - ddof, x.real.dtype)
    if not is_box(n) and has_values(n) and not np.all(n > 0):
        warnings.warn("Degrees of freedom <= 0 for slice.", RuntimeWarning, stacklevel=3)
    is_positive = anp.greater(n, 0)
    factor = anp.where(is_positive, 1 / anp.where(is_positive, n, 1), np.inf)
    return fill_in(x - mean, where, 0), cast(factor, x.real.dtype)


def mean_square(difference, factor, axes, keepdims):
    return sum_over(anp.real(difference * anp.conjugate(difference)), axes, keepdims) * factor


def root_mean_square(difference, factor, axes, keepdims):
    return euclidean_norm(difference, axes, keepdims) * anp.sqrt(factor)


define_spread(np.var, var_over, mean_square)
define_spread(np.std, std_over, root_mean_square)
