"""Rules of iterative solvers: cg, gmres, bicgstab, minres and their kin.

The derivative is that of the solution (implicit), for which the solver runs once more, on the transpose. A solver that
did not converge gives SciPy's status with its last iterate, whose derivative is refused.
"""

from __future__ import annotations

import inspect

import numpy as np
import scipy.sparse.linalg

from ....core.errors import TracedValueError, caller_line
from ....core.forward import defjvp
from ....core.primitives import primitive
from ....core.reverse import defvjp_all
from ....core.tracer import is_box
from ....numpy import wrapped as anp
from ....numpy.broadcasting import broadcast_tangent, unbroadcast
from ....numpy.canonical import as_array
from ....numpy.definers import defrules
from ....numpy.rules.matrices import column
from ..arrays import as_sparse, is_sparse
from ..formats import define_sparse, is_traced
from ..products import csr_of, sampled, times

__all__: list[str] = []

TIGHT, TIGHTEST = 1e-10, 1e-11
"""The tolerance of the systems that a derivative solves, if that of the call is not less, and the least of these."""


def solver(name):
    return getattr(scipy.sparse.linalg, name)


def options_of(name, options):
    """Keywords of SciPy's, as pairs that can be compared."""
    known = inspect.signature(solver(name)).parameters
    for each in options:
        if each not in known:
            raise TypeError(f"{name}() got an unexpected keyword argument {each!r}")
    return tuple(sorted(options.items()))


def tight(name, options, dtype):
    """The options with which derivatives are solved."""
    options = dict(options)
    known = inspect.signature(solver(name)).parameters
    tolerance = "rtol" if "rtol" in known else "tol"  # (until SciPy 1.13)
    options[tolerance] = max(min(options.get(tolerance, TIGHT), TIGHT), TIGHTEST, 50 * float(np.finfo(dtype).eps))
    if "atol" in known:  # the call's is of the size of its right-hand side, not of a cotangent
        options["atol"] = 0.0
    options.pop("callback", None)
    return tuple(sorted(options.items()))


@primitive
def iterate(data, b, indices, indptr, shape, is_transposed, name, options, x0):
    """The solution and SciPy's status."""
    a = csr_of(data, indices, indptr, shape)
    return run(name, a.T if is_transposed else a, b, x0, options)


def run(name, a, b, x0, options):
    x, info = solver(name)(a, b, x0=x0, **dict(options))
    return x.astype(np.result_type(a.dtype, b), copy=False), np.int64(info)


@primitive
def converged(g, info, name):
    """``g``, unless the solver did not converge."""
    if np.any(info != 0):
        raise TracedValueError(
            f"{name} did not converge (info={int(np.max(info))}), so that what it gives has no derivative "
            f"({caller_line()}). Raise maxiter, lower the accuracy, or pass a preconditioner M."
        )
    return g


unchanged = lambda g, ans, info, *args: g, None, None
defrules(converged, unchanged, unchanged, linear_in=(0,))


def iterate_vjp(argnums, g, ans, args, kwargs):
    data, b, indices, indptr, shape, is_transposed, name, options, x0 = args
    x, info = ans
    g = converged(g[0], info, name)
    gb = solved(data, g, indices, indptr, shape, not is_transposed, name, options)
    pair = (column(x), column(gb)) if is_transposed else (column(gb), column(x))
    rules = {0: lambda: unbroadcast(-sampled(*pair, indices, indptr), data), 1: lambda: unbroadcast(gb, b)}
    return [rules[argnum]() if argnum in rules else None for argnum in argnums]


def solved(data, b, indices, indptr, shape, is_transposed, name, options):
    """A solution of a derivative, which has to converge."""
    x, info = iterate(data, b, indices, indptr, shape, is_transposed, name, tight(name, options, b.dtype), None)
    return converged(x, info, name)


def iterate_jvp_data(t, ans, data, b, indices, indptr, shape, is_transposed, name, options, x0):
    x = converged(ans[0], ans[1], name)
    change = times(t, column(x), indices, indptr, shape, is_transposed)[:, 0]
    return [broadcast_tangent(-solved(data, change, indices, indptr, shape, is_transposed, name, options), x), None]


def iterate_jvp_b(t, ans, data, b, indices, indptr, shape, is_transposed, name, options, x0):
    t = converged(t, ans[1], name)
    return [broadcast_tangent(solved(data, t, indices, indptr, shape, is_transposed, name, options), ans[0]), None]


defvjp_all(iterate, iterate_vjp)
defjvp(iterate, iterate_jvp_data, iterate_jvp_b)


# Of a LinearOperator the right-hand side alone is followed.


@primitive
def iterate_operator(b, a, name, options, x0):
    return run(name, a, b, x0, options)


def transposed_operator(a):
    """Aᵀ, which takes rmatvec."""
    return scipy.sparse.linalg.LinearOperator(
        a.shape[::-1], matvec=lambda x: a.rmatvec(x.conj()).conj(), rmatvec=lambda x: a.matvec(x.conj()).conj(),
        dtype=a.dtype,
    )


def solved_operator(a, b, name, options):
    x, info = iterate_operator(b, a, name, tight(name, options, b.dtype), None)
    return converged(x, info, name)


SYMMETRIC = frozenset(["cg", "minres"])
"""Solvers of Hermitian matrices, whose transpose is the conjugate."""


def operator_vjp(g, ans, b, a, name, options, x0):
    g = converged(g[0], ans[1], name)
    if name in SYMMETRIC:
        return unbroadcast(anp.conjugate(solved_operator(a, anp.conjugate(g), name, options)), b)
    return unbroadcast(solved_operator(transposed_operator(a), g, name, options), b)


def operator_jvp(t, ans, b, a, name, options, x0):
    return [broadcast_tangent(solved_operator(a, converged(t, ans[1], name), name, options), ans[0]), None]


defrules(
    iterate_operator, (operator_vjp, None, None, None, None), (operator_jvp, None, None, None, None)
)


def define_solver(name):
    @define_sparse(solver(name))
    def solve(A, b, x0=None, **options):
        if is_traced(x0):
            x0 = None  # the solution does not depend on where the search began
        for each, value in options.items():
            if is_traced(value):
                raise TracedValueError(f"{name}: {each}= has to be a plain value ({caller_line()}).")
        options = options_of(name, options)
        b = as_array(b)
        b = b if b.dtype.kind in "fc" else anp.astype(b, np.float64)
        is_column = b.ndim == 2 and b.shape[1] == 1
        b = b[:, 0] if is_column else b
        if is_sparse(A) or is_box(A) or isinstance(A, np.ndarray):
            a = as_sparse(A)
            return iterate(a.values, b, *a.places, False, name, options, x0)
        return iterate_operator(b, A, name, options, x0)


for _name in ("bicg", "bicgstab", "cg", "cgs", "gcrotmk", "gmres", "lgmres", "minres", "qmr", "tfqmr"):
    define_solver(_name)
