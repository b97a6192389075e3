"""Rules of expm_multiply: exp(t A) B.

The derivative in A is an integral, ∫₀¹ exp(t (1 − s) A) t dA exp(t s A) B ds (Duhamel), of an entire function, which
Gauss and Legendre's rule gives to the last digits with about as many nodes as the norm of t A is large.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse.linalg

from ....core.errors import TracedValueError, caller_line
from ....core.forward import defjvp
from ....core.primitives import nondifferentiable, primitive
from ....core.reverse import defvjp_all
from ....core.recording import RecordingTrace
from ....core.tracer import is_box
from ....numpy import wrapped as anp
from ....numpy.broadcasting import broadcast_tangent, unbroadcast
from ....numpy.canonical import as_array
from ....numpy.rules.matrices import column
from ..arrays import as_sparse
from ..formats import define_sparse, is_traced
from ..products import csr_of, sampled, times

__all__: list[str] = []


@primitive
def exponential_times(data, b, indices, indptr, shape, is_transposed, t):
    """exp(t A) B, or exp(t Aᵀ) B; ``b`` has columns."""
    a = csr_of(data * t, indices, indptr, shape)
    state = np.random.get_state()  # of which SciPy's estimate of a norm draws
    try:
        ans = scipy.sparse.linalg.expm_multiply(a.T.tocsr() if is_transposed else a, b)
    finally:
        np.random.set_state(state)
    return ans.astype(np.result_type(data, b), copy=False)


@nondifferentiable
def largest_sum(data, indices, shape):
    """The norm of A, or the largest of a batch, as a whole number, rounded up."""
    batch = np.abs(data).reshape(-1, len(indices))
    sums = [np.max(np.bincount(indices, each, shape[1]), initial=0) for each in batch]
    return np.int64(np.ceil(max(sums, default=0)))


def nodes(data, indices, shape, t):
    """Nodes and weights on [0, 1]. How many there are depends on values: under ``jit`` the program is one for these."""
    while is_box(data) and not isinstance(data._trace, RecordingTrace):
        data = data._value
    x, w = np.polynomial.legendre.leggauss(8 + int(np.ceil(abs(t))) * int(largest_sum(data, indices, shape)))
    return zip(((x + 1) / 2).tolist(), (w / 2).tolist())


def exponential_vjp(argnums, g, ans, args, kwargs):
    data, b, indices, indptr, shape, is_transposed, t = args
    places = indices, indptr, shape

    def in_data():
        total = 0
        for s, w in nodes(data, indices, shape, t):
            left = exponential_times(data, g, *places, not is_transposed, t * (1 - s))
            right = exponential_times(data, b, *places, is_transposed, t * s)
            pair = (right, left) if is_transposed else (left, right)
            total = total + (w * t) * sampled(*pair, indices, indptr)
        return unbroadcast(total, data)

    rules = in_data, lambda: unbroadcast(exponential_times(data, g, *places, not is_transposed, t), b)
    return [rules[argnum]() for argnum in argnums]


def exponential_jvp(tangent, ans, data, b, indices, indptr, shape, is_transposed, t):
    places = indices, indptr, shape, is_transposed
    total = 0
    for s, w in nodes(data, indices, shape, t):
        change = times(tangent, exponential_times(data, b, *places, t * s), *places)
        total = total + (w * t) * exponential_times(data, change, *places, t * (1 - s))
    return broadcast_tangent(total, ans)


defvjp_all(exponential_times, exponential_vjp)
defjvp(
    exponential_times, exponential_jvp,
    lambda t, ans, data, b, *places: broadcast_tangent(exponential_times(data, t, *places), ans),
)


@define_sparse(scipy.sparse.linalg.expm_multiply)
def expm_multiply(A, B, start=None, stop=None, num=None, endpoint=None, traceA=None):
    if is_traced((start, stop, traceA)):
        raise TracedValueError(
            f"expm_multiply: start, stop and traceA have to be plain values ({caller_line()}). Multiply A by a traced "
            "time."
        )
    a, b = as_sparse(A), as_array(B)
    b = b if b.dtype.kind in "fc" else anp.astype(b, np.float64)
    columns = column(b) if b.ndim == 1 else b

    def at(t):
        ans = exponential_times(a.values, columns, *a.places, False, float(t))
        return ans[:, 0] if b.ndim == 1 else ans

    if start is None and stop is None and num is None and endpoint is None:
        return at(1.0)
    times_of = np.linspace(start, stop, 50 if num is None else num, endpoint=True if endpoint is None else endpoint)
    return anp.stack([at(t) for t in times_of])
