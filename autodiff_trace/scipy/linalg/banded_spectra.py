"""Rules of eigenvalues of Hermitian bands and of three diagonals: those of the dense matrix, whose derivative is read
at their places. Vectors have the signs of SciPy's."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...numpy import wrapped as anp
from ...numpy.definers import define
from ...numpy.rules.spectral import decompose
from .banded import dense_of_hermitian
from .operands import array
from .spectral import hermitian_system, refuse

__all__: list[str] = []


def vectors_of_band(a, width, lower, select_range):
    n = len(a)
    band = np.zeros((width + 1, n), a.dtype)
    for k in range(width + 1):
        if lower:
            band[k, : n - k] = np.diagonal(a, -k)
        else:
            band[width - k, k:] = np.diagonal(a, k)
    which = {} if select_range is None else {"select": "i", "select_range": select_range}
    return scipy.linalg.eig_banded(band, lower=lower, check_finite=False, **which)[1]


def vectors_of_three_diagonals(a, lapack_driver, select_range):
    which = {} if select_range is None else {"select": "i", "select_range": select_range}
    diagonals = np.diagonal(a), np.diagonal(a, -1)
    return scipy.linalg.eigh_tridiagonal(*diagonals, lapack_driver=lapack_driver, check_finite=False, **which)[1]


def selected(w, v, select, select_range, name):
    """The values with the numbers in a range."""
    if select in ("a", "all", 0):
        return w, v
    if select in ("v", "value", 1):
        refuse(name, "select='v'", "how many values there are depends on them; take select='i'")
    first, last = map(int, select_range)
    return w[..., first : last + 1], v[..., first : last + 1]


def chosen(select, select_range):
    """The first and the last number that are asked for; None for all."""
    return None if select in ("a", "all", 0) or select_range is None else tuple(map(int, select_range))


def banded_pairs(name, a_band, lower, select, select_range, check_finite, values_only=True):
    a_band = array(a_band, check_finite)
    a, driver = dense_of_hermitian(a_band, lower), "evd"
    if not values_only:
        options = dict(width=a_band.shape[-2] - 1, lower=bool(lower), select_range=chosen(select, select_range))
        driver = vectors_of_band, tuple(options.items())
    return selected(*decompose(hermitian_system, a, True, driver), select, select_range, name)


@define(scipy.linalg.eig_banded)
def eig_banded(a_band, lower, eigvals_only, select, select_range, check_finite=True, **hints):
    w, v = banded_pairs("eig_banded", a_band, lower, select, select_range, check_finite, bool(eigvals_only))
    return w if eigvals_only else (w, v)


@define(scipy.linalg.eigvals_banded)
def eigvals_banded(a_band, lower, select, select_range, check_finite=True, **hints):
    return banded_pairs("eigvals_banded", a_band, lower, select, select_range, check_finite)[0]


def tridiagonal_pairs(name, d, e, select, select_range, check_finite, lapack_driver=None):
    d, e = array(d, check_finite), array(e, check_finite)
    if "c" in (d.dtype.kind, e.dtype.kind):
        raise TypeError("Only real arrays currently supported")
    if d.shape[-1] != e.shape[-1] + 1:
        raise ValueError(f"d ({d.shape[-1]}) must have one more element than e ({e.shape[-1]})")
    lead = np.broadcast_shapes(d.shape[:-1], e.shape[:-1])
    pad = np.zeros((*lead, 1), e.dtype)
    band = anp.stack([
        anp.broadcast_to(d, (*lead, d.shape[-1])),
        anp.concatenate([anp.broadcast_to(e, (*lead, e.shape[-1])), pad], axis=-1),
    ], axis=-2)
    driver = "evd"
    if lapack_driver is not None:  # where vectors are asked for
        options = dict(lapack_driver=lapack_driver, select_range=chosen(select, select_range))
        driver = vectors_of_three_diagonals, tuple(options.items())
    w, v = decompose(hermitian_system, dense_of_hermitian(band, True), True, driver)
    return selected(w, v, select, select_range, name)


@define(scipy.linalg.eigh_tridiagonal)
def eigh_tridiagonal(
    d, e, eigvals_only, select, select_range, check_finite=True, tol=0.0, lapack_driver="auto", **hints
):
    driver = None if eigvals_only else lapack_driver
    w, v = tridiagonal_pairs("eigh_tridiagonal", d, e, select, select_range, check_finite, driver)
    return w if eigvals_only else (w, v)


@define(scipy.linalg.eigvalsh_tridiagonal)
def eigvalsh_tridiagonal(d, e, select, select_range, check_finite=True, **hints):
    return tridiagonal_pairs("eigvalsh_tridiagonal", d, e, select, select_range, check_finite)[0]
