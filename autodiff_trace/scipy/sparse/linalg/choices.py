"""Functions of ``scipy.sparse.linalg`` that read the pattern alone, and those that are not there for traced numbers."""

from __future__ import annotations

import scipy.sparse.linalg

from ..choices import pattern_alone, refuse_all
from ..formats import define_sparse

__all__: list[str] = []

refuse_all(scipy.sparse.linalg, {
    "eigs": "For symmetric matrices take eigsh, for others linalg.eig(A.toarray()).",
    "expm": "It is dense as a rule: take linalg.expm(A.toarray()), or expm_multiply(A, B).",
    "funm_multiply_krylov": "Take expm_multiply(A, B), or linalg.funm(A.toarray(), f) @ B.",
    "inv": "It is dense as a rule: take spsolve(A, B), or linalg.inv(A.toarray()).",
    "lobpcg": "Take eigsh.",
    "lsmr": "Take spsolve(A.T @ A, A.T @ b), or linalg.lstsq(A.toarray(), b).",
    "lsqr": "Take spsolve(A.T @ A, A.T @ b), or linalg.lstsq(A.toarray(), b).",
    "onenormest": "It is an estimate: take norm(A, 1).",
    "spilu": "It approximates: as a preconditioner M give that of the plain matrix.",
})

for _name in ("is_sptriangular", "spbandwidth"):
    if hasattr(scipy.sparse.linalg, _name):  # since SciPy 1.15
        _function = getattr(scipy.sparse.linalg, _name)
        define_sparse(_function)(lambda A, function=_function: function(pattern_alone(A)))
