"""Functions of ``scipy.linalg`` whose answers are a choice, which are refused by name, or change in steps."""

from __future__ import annotations

import scipy.linalg

from ...core.traits import declare
from ...numpy.definers import define
from ..plain_arguments import refuses
from . import wrapped as linalg

__all__: list[str] = []

BASIS = "Its columns are any basis of the space: {}."
ROTATION = "Its factors are determined up to a choice that depends on rounding: {}."
REFUSED = {
    "null_space": BASIS.format("write the projector I - pinv(A) @ A, which has a derivative"),
    "orth": BASIS.format("write the projector A @ pinv(A), or qr, which has a derivative for independent columns"),
    "rsf2csf": ROTATION.format("for eigenvalues take eigvals"),
    "hessenberg": ROTATION.format("take the plain value with to_numpy(x)"),
    "qz": ROTATION.format("for generalised eigenvalues take eigvals(a, b)"),
    "ordqz": ROTATION.format("for generalised eigenvalues take eigvals(a, b)"),
    "cossin": ROTATION.format("for the angles take subspace_angles"),
    "cdf2rdf": ROTATION.format("keep eigenvalues complex, as eig gives them"),
    "matrix_balance": "Its powers of two change in steps, and are 1 of a balanced matrix: take the plain value.",
    "expm_cond": "It is an estimate by a random search: take norm(expm_frechet(A, E, compute_expm=False)).",
    **dict.fromkeys(
        ("qr_delete", "qr_insert", "qr_update"), "Make the changed matrix and take qr of it, whose signs are its own.",
    ),
}

for _name, _instead in REFUSED.items():
    if hasattr(scipy.linalg, _name):
        define(getattr(scipy.linalg, _name))(refuses(_name, _instead))

for _name in ("bandwidth", "ishermitian", "issymmetric"):
    declare(getattr(linalg, _name), differentiable=False)
