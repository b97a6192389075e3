"""Rules of eigsh and svds: eigenvalues of sparse Hermitian matrices, singular values, and the vectors of simple ones.

With A v = w v and |v| = 1, dw = vᴴ dA v, and dv solves the bordered system (A − w) dv + v μ = −dA v, vᴴ dv = 0, which
is regular where w is simple (R. Nelson, "Simplified calculation of eigenvector derivatives", 1976).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse.linalg

from ....core.errors import TracedValueError, caller_line
from ....core.forward import defjvp
from ....core.primitives import primitive
from ....core.reverse import defvjp_all
from ....numpy import wrapped as anp
from ....numpy.broadcasting import match_dtype, unbroadcast
from ....numpy.rules.matrices import row
from ....numpy.rules.repeated_values import are_unused
from ..arrays import SparseArray, as_sparse
from ..formats import define_sparse, is_traced, of_blocks
from ..products import csr_of, sampled, times
from ..stored import Pattern
from .systems import solve_system

__all__: list[str] = []


@primitive
def eigenpairs(data, indices, indptr, shape, options):
    """k eigenvalues, in increasing order, and their vectors."""
    w, v = scipy.sparse.linalg.eigsh(csr_of(data, indices, indptr, shape), **dict(options))
    order = np.argsort(w)
    return w[order], v[:, order]


def shifted_solution(a, w, v, x):
    """Y with (A − w) Y + v μ = x and vᴴ Y = 0."""
    n = a.shape[0]
    eye = as_sparse(scipy.sparse.eye_array(n, dtype=v.dtype))
    v = anp.reshape(v, (n, 1))
    bordered = of_blocks([[a - eye * w, as_sparse(v)], [as_sparse(anp.conjugate(v).T), None]])
    return solve_system("eigsh", bordered, anp.concatenate([x, np.zeros(1, x.dtype)]))[:n]


def eigenpairs_vjp(argnums, g, ans, args, kwargs):
    data, indices, indptr, shape, options = args
    (w, v), (gw, gv) = ans, g
    left = anp.conjugate(v) * row(gw)
    if not are_unused(g, 1):
        a = SparseArray(data, Pattern(indices, indptr, shape))
        columns = []
        for i in range(v.shape[1]):
            along = anp.conjugate(v[:, i])
            part = gv[:, i] - along * anp.sum(v[:, i] * gv[:, i])  # of a change along v there is nothing to follow
            columns.append(-anp.conjugate(shifted_solution(a, w[i], v[:, i], anp.conjugate(part))))
        left = left + anp.stack(columns, axis=1)
    return [unbroadcast(sampled(left, v, indices, indptr), data)]


def eigenpairs_jvp(t, ans, data, indices, indptr, shape, options):
    w, v = ans
    change = times(t, v, indices, indptr, shape, False)
    tw = anp.real(anp.sum(anp.conjugate(v) * change, axis=0))
    a = SparseArray(data, Pattern(indices, indptr, shape))
    columns = [
        shifted_solution(a, w[i], v[:, i], v[:, i] * tw[i] - change[:, i]) for i in range(v.shape[1])
    ]
    return [match_dtype(tw, w.dtype), match_dtype(anp.stack(columns, axis=1), v.dtype)]


defvjp_all(eigenpairs, eigenpairs_vjp)
defjvp(eigenpairs, eigenpairs_jvp)


PLAIN = ("k", "which", "v0", "ncv", "maxiter", "tol", "sigma", "mode", "rng")


def checked(name, options):
    """Options of a call, as pairs that can be compared."""
    options = {each: value for each, value in options.items() if value is not None}
    for each, value in options.items():
        if each not in PLAIN or is_traced(value):
            raise TracedValueError(f"{name}: {each}= is not there for traced values ({caller_line()}).")
    return tuple(options.items())


@define_sparse(scipy.sparse.linalg.eigsh)
def eigsh(
    A, k=6, M=None, sigma=None, which="LM", v0=None, ncv=None, maxiter=None, tol=0, return_eigenvectors=True, **more
):
    a = as_sparse(A)
    v0 = start_of(a.shape[0], a.dtype) if v0 is None else v0
    options = dict(k=k, sigma=sigma, which=which, v0=v0, ncv=ncv, maxiter=maxiter, tol=tol, M=M, **more)
    options = checked("eigsh", options)
    w, v = eigenpairs(a.values, *a.places, options)
    return (w, v) if return_eigenvectors else w


def start_of(n, dtype):
    """Where ARPACK begins: the same vector each time."""
    return np.random.default_rng(0).uniform(-1, 1, n).astype(np.finfo(dtype).dtype if dtype.kind in "fc" else float)


# svds: the singular values and vectors of A are eigenvalues and vectors of AᴴA


@primitive
def singular_triplets(data, indices, indptr, shape, options):
    return scipy.sparse.linalg.svds(csr_of(data, indices, indptr, shape), **dict(options))


def triplets_vjp(argnums, g, ans, args, kwargs):
    data, indices, indptr, shape, options = args
    if not are_unused(g, 0, 2):
        raise TracedValueError(
            f"svds: the singular vectors have no derivative here, the values have ({caller_line()}). For vectors take "
            "eigsh of A.T @ A."
        )
    u, _, vh = ans
    return [unbroadcast(sampled(anp.conjugate(u) * row(g[1]), anp.conjugate(vh).T, indices, indptr), data)]


def triplets_jvp(t, ans, data, indices, indptr, shape, options):
    u, _, vh = ans
    change = times(t, anp.conjugate(vh).T, indices, indptr, shape, False)
    return [anp.full(u.shape, np.nan), anp.real(anp.sum(anp.conjugate(u) * change, axis=0)), anp.full(vh.shape, np.nan)]


defvjp_all(singular_triplets, triplets_vjp)
defjvp(singular_triplets, triplets_jvp)


@define_sparse(scipy.sparse.linalg.svds)
def svds(A, k=6, ncv=None, tol=0, which="LM", v0=None, maxiter=None, return_singular_vectors=True, **more):
    a = as_sparse(A)
    v0 = start_of(min(a.shape), a.dtype) if v0 is None else v0
    options = checked("svds", dict(k=k, ncv=ncv, tol=tol, which=which, v0=v0, maxiter=maxiter) | more)
    u, s, vh = singular_triplets(a.values, *a.places, options)
    return (u, s, vh) if return_singular_vectors else s
