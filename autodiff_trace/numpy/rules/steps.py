"""Rules of the functions with steps or kinks: bounds, remainders, parts of a floating-point number.

Between its steps each is as smooth as a sum or a product; at a step the derivative is that of one side.
"""

from __future__ import annotations

import operator

import numpy as np

from ...core.array_ops import array_ops
from ...core.tracer import is_box
from ...core.traits import ANSWER, ARGUMENTS, declare
from ...core.primitives import nondifferentiable
from .. import linalg
from .. import wrapped as anp
from ..broadcasting import match_dtype, unbroadcast
from ..canonical import as_array
from ..definers import define, defrules, elementwise, linear
from ..batching import batch_aligned, batch_first

NO_VALUE = np._NoValue

for _prim, _operator in (
    (anp.equal, operator.eq), (anp.greater, operator.gt), (anp.greater_equal, operator.ge), (anp.less, operator.lt),
    (anp.less_equal, operator.le), (anp.not_equal, operator.ne),
):
    declare(_prim, fast_fun=_operator, float_form=_operator, hides=(0, 1), takes_truths=True, differentiable=False)

for _name in """
    allclose argwhere around array_equal array_equiv bitwise_and
    bitwise_count bitwise_or bitwise_xor ceil digitize empty_like fix flatnonzero floor floor_divide
    gcd in1d invert isclose iscomplex isfinite isin isinf isnan isnat isneginf isposinf isreal lcm left_shift
    lexsort logical_and logical_not logical_or logical_xor nanargmax nanargmin nonzero ones_like packbits
    ravel_multi_index right_shift rint round searchsorted signbit spacing trunc unpackbits unravel_index zeros_like
""".split():  # some of them are not in each version of NumPy
    if hasattr(anp, _name):
        declare(getattr(anp, _name), differentiable=False)
declare(linalg.matrix_rank, differentiable=False)
declare(anp.around, anp.round, batching=batch_first)
declare(anp.isclose, batching=batch_aligned)
declare(anp.argwhere, anp.flatnonzero, anp.nonzero, shaped_by_values=True)
declare(operator.floordiv, operator.mod, harmless=True, raises_on="n")

elementwise(anp.copysign, lambda ans, x, y: anp.sign(x) * anp.copysign(1, y), None, reads=ARGUMENTS)
elementwise(anp.fabs, lambda ans, x: anp.sign(x), reads=ARGUMENTS)
elementwise(anp.fmod, 1, lambda ans, x, y: anp.rint((ans - x) / y), singular=True, unread={0: (0, 1, ANSWER)})
elementwise(anp.heaviside, None, lambda ans, x, y: anp.equal(x, 0), unread={1: (1, ANSWER), (0, 1): (1, ANSWER)})
elementwise(anp.nextafter, 1, None, linear_in=(0, 1))
elementwise(
    anp.remainder, 1, lambda ans, x, y: -anp.floor_divide(x, y), singular=True,
    reads=ARGUMENTS, unread={0: (0, 1, ANSWER)}, cost=8,
)


@define(np.clip)
def clip(a, a_min=NO_VALUE, a_max=NO_VALUE, out=None, *, min=NO_VALUE, max=NO_VALUE, where=True, **kwargs):
    if a_min is not NO_VALUE or a_max is not NO_VALUE:
        if min is not NO_VALUE or max is not NO_VALUE:
            raise ValueError("clip: give either a_min and a_max, or min and max")
        min, max = a_min, a_max
    if (dtype := getattr(a, "dtype", None)) is not None and dtype.kind in "iu":
        limits = np.iinfo(dtype)  # beyond them an int of Python's is no bound, and cannot be cast
        min = None if isinstance(min, int) and min <= limits.min else min
        max = None if isinstance(max, int) and max >= limits.max else max
    bounds = [(anp.maximum, min), (anp.minimum, max)]
    calls = [(function, (bound,)) for function, bound in bounds if bound is not None and bound is not NO_VALUE]
    *first, (function, bound) = calls or [(anp.positive, ())]
    # Of 0 and -0 maximum and minimum take the second, clip between two numbers the value, between arrays the bound.
    if first and not anp.ndim(min) and not anp.ndim(max):
        a = anp.maximum(min, a, **kwargs)
        return anp.minimum(max, a, out=out, where=where, **kwargs)
    for limit, its_bound in first:
        a = limit(a, *its_bound, **kwargs)
    return function(a, *bound, out=out, where=where, **kwargs)


@define(np.divmod)
def divmod(x1, x2):
    return anp.floor_divide(x1, x2), anp.remainder(x1, x2)


# frexp: x = mantissa · 2^exponent, where the exponent is constant between its steps

defrules(
    anp.frexp, lambda g, ans, x: anp.ldexp(g[0], -ans[1]), lambda t, ans, x: [anp.ldexp(t, -ans[1]), None],
    batching=batch_aligned, reads=ANSWER,
)


# ldexp = x · 2ⁿ, n an integer

linear(anp.ldexp, lambda g, ans, x, n: unbroadcast(anp.ldexp(g, n), x), None)


# modf: the fraction and the whole part, which is constant between its steps

defrules(anp.modf, lambda g, ans, x: g[0], lambda t, ans, x: [t, None], batching=batch_aligned, linear_in=(0,))


@define(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    if not is_box(x):
        x = anp.array(x)
        copy = True
    if x.dtype.kind not in "fc":
        if x.ndim:
            return anp.copy(x) if copy else x
        return anp.getitem(anp.asarray(x), ())
    if x.dtype.kind == "c":
        parts = [nan_to_num(part, True, nan, posinf, neginf) for part in (anp.real(x), anp.imag(x))]
        ans = parts[0] + 1j * parts[1]
    else:
        limits = np.finfo(x.dtype)
        ans = anp.where(anp.isnan(x), nan, x)
        ans = anp.where(anp.isposinf(x), limits.max if posinf is None else posinf, ans)
        ans = match_dtype(anp.where(anp.isneginf(x), limits.min if neginf is None else neginf, ans), x.dtype)
    return ans if copy else array_ops.store(x, ans)


@nondifferentiable
def turns(p, discont, axis, period):
    """How many periods ``unwrap`` adds to each element: a number that is constant between its steps."""
    ans = np.unwrap(p, discont, axis, period=period)
    return np.where(ans == p, 0, np.rint((ans - p) / period)).astype(ans.dtype)  # where the first is infinite it stays


@define(np.unwrap)
def unwrap(p, discont, axis, period):
    p = as_array(p)
    return p + period * turns(p, discont, axis, period)
