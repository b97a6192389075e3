"""Rules of the discrete cosine and sine transforms, and of the Hankel transform.

SciPy's types I to IV are matrices 2 cos(…) or 2 sin(…) of which some columns, those of the first or the last element,
count once where the others count twice. So the transpose of each is one of them, up to these weights; with
``orthogonalize`` there are none.
"""

from __future__ import annotations

import operator

import numpy as np
import scipy.fft
from numpy.lib.array_utils import normalize_axis_index

from ...core.traits import declare
from ...numpy.along_axes import runs_along
from ...numpy.batching import first_mapped
from ...numpy.broadcasting import match_dtype
from ...numpy.canonical import as_array, unary_of
from ...numpy.definers import define, linear
from ...numpy.rules.fft import SWAPPED_NORMS, fit
from ..plain_arguments import refuse_traced
from .transforms import lengths_and_axes

__all__: list[str] = []

TRANSPOSED = {1: 1, 2: 3, 3: 2, 4: 4}
"""The type whose matrix is the transpose, but for weights. The inverse transform has it too, but for a factor."""

# cos: I counts the first and the last column once, III the first. sin: III counts the last once.
# Iᵀ = W I W⁻¹, IIᵀ = III W⁻¹, IIIᵀ = W II, where W has ½ in the places of these columns (and 1 else), up to a factor
SINGLE = {"dct": {1: (0, -1), 2: (0,), 3: (0,), 4: ()}, "dst": {1: (), 2: (-1,), 3: (-1,), 4: ()}}


def weigh(x, axis, places, weight):
    """``x`` with the elements at ``places`` along ``axis`` times ``weight``."""
    if not places:
        return x
    weights = np.ones(x.shape[axis], np.finfo(x.dtype).dtype)
    weights[list(places)] = weight
    return x * weights.reshape([-1] + [1] * (x.ndim - axis - 1))


def transform(function, inverse):
    """The primitive of a transform of length ``n`` along ``axis``, and the public forms that follow from it."""
    single = SINGLE[function.__name__]

    @unary_of(function)
    def along(x, axis, n, type, norm, orthogonalize):
        return function(x, type, n, axis, norm, orthogonalize=orthogonalize)

    def transpose(g, ans, x, axis, n, type, norm, orthogonalize):
        # Of complex numbers SciPy takes no notice of orthogonalize.
        is_weighted = norm != "ortho" if orthogonalize is None or g.dtype.kind == "c" else not orthogonalize
        places = single[type] if is_weighted else ()
        g = weigh(g, axis, places if type != 3 else (), 2)
        g = along(g, axis, n, TRANSPOSED[type], norm, orthogonalize)
        return fit(weigh(g, axis, places if type != 2 else (), 0.5), x, axis)

    linear(along, transpose)
    runs_along(along)

    def by_along(x, type, n, axis, norm, orthogonalize):
        axis = normalize_axis_index(operator.index(axis), x.ndim)
        n = x.shape[axis] if n is None else operator.index(n)
        return along(x, axis, n, operator.index(type), norm, orthogonalize)

    @define(function)
    def forward(x, type, n, axis, norm, overwrite_x, workers, orthogonalize):
        return by_along(as_array(x), type, n, axis, norm, orthogonalize)

    @define(inverse)
    def backward(x, type, n, axis, norm, overwrite_x, workers, orthogonalize):
        return by_along(as_array(x), TRANSPOSED[type], n, axis, SWAPPED_NORMS[norm], orthogonalize)

    return along


dct = transform(scipy.fft.dct, scipy.fft.idct)
dst = transform(scipy.fft.dst, scipy.fft.idst)


# Along several axes: one after the other


def define_nd(function, along, is_inverse):
    @define(function)
    def along_axes(x, type, s, axes, norm, overwrite_x, workers, orthogonalize):
        x = as_array(x)
        s, axes = lengths_and_axes(x, s, axes)
        if is_inverse:
            type, norm = TRANSPOSED[type], SWAPPED_NORMS[norm]
        if axes is None:
            axes = range(-(x.ndim if s is None else len(s)), 0)
        if s is not None and len(s) != len(axes):
            raise ValueError("when given, axes and shape arguments have to be of the same length")
        for i, axis in enumerate(axes):
            axis = normalize_axis_index(axis, x.ndim)
            n = x.shape[axis] if s is None or s[i] in (None, -1) else s[i]
            x = along(x, axis, n, type, norm, orthogonalize)
        return x


define_nd(scipy.fft.dctn, dct, False)
define_nd(scipy.fft.dstn, dst, False)
define_nd(scipy.fft.idctn, dct, True)
define_nd(scipy.fft.idstn, dst, True)


# The fast Hankel transform (A. J. S. Hamilton, MNRAS 312, 257, 2000, appendix B) is a cyclic convolution, backwards, of
# which the matrix aₘ₊ₙ is symmetric; the weights of the bias are the same powers on both sides.


def hankel(function):
    @unary_of(function)
    def along_last(x, dln, mu, offset, bias):
        return function(x, dln, mu, offset, bias)

    linear(along_last, lambda g, ans, x, *params: match_dtype(along_last(g, *params), x.dtype))
    declare(along_last, batching=first_mapped(along_last))
    return along_last


fht = hankel(scipy.fft.fht)
ifht = hankel(scipy.fft.ifht)


@define(scipy.fft.fht)
def forward_hankel(a, dln, mu, offset, bias):
    refuse_traced("fht", dln=dln, mu=mu, offset=offset, bias=bias)
    return fht(as_array(a), dln, mu, offset, bias)


@define(scipy.fft.ifht)
def inverse_hankel(A, dln, mu, offset, bias):
    refuse_traced("ifht", dln=dln, mu=mu, offset=offset, bias=bias)
    return ifht(as_array(A), dln, mu, offset, bias)
