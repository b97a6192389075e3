"""``scipy.linalg``: linear systems and triangular factorizations."""

import numpy as np
from scipy_table import scipy_row

from table import table_test

from autodiff_trace import numpy as anp
from autodiff_trace import scipy
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


def regular(*shape):
    return normal(*shape) / 2 + 3 * np.eye(shape[-1])


def positive(*shape):
    """Symmetric matrices with a dominant diagonal, and something else in the upper triangle."""
    return normal(*shape) / 4 + 3 * np.eye(shape[-1])


def hermitian(n):
    x = complex_normal(n, n) / 4
    return x + x.conj().T + 4 * np.eye(n)


ROWS = [
    scipy_row("linalg.cholesky", positive(3, 3)),
    scipy_row("linalg.cholesky", positive(2, 3, 3), lower=True, overwrite_a=True, check_finite=False),
    scipy_row("linalg.cholesky", hermitian(3)),
    scipy_row("linalg.cho_factor", positive(3, 3), skip=("compiled",)),  # of a bool the mode knows no cotangent
    scipy_row("linalg.cho_factor", positive(3, 3), skip=("compiled",), lower=True),
    scipy_row("linalg.cho_solve", (positive(3, 3), False), normal(3)),
    scipy_row("linalg.cho_solve", (hermitian(3), True), complex_normal(3, 2)),
    scipy_row("linalg.cho_solve", (positive(2, 3, 3), True), normal(3, 2)),
    scipy_row("linalg.det", regular(3, 3)),
    scipy_row("linalg.det", regular(2, 3, 3)),
    scipy_row("linalg.inv", regular(3, 3)),
    scipy_row("linalg.inv", complex_normal(2, 3, 3)),
    scipy_row("linalg.inv", positive(3, 3), assume_a="pos"),
    scipy_row("linalg.inv", positive(3, 3), assume_a="upper triangular"),
    scipy_row("linalg.ldl", positive(4, 4)),
    scipy_row("linalg.ldl", positive(4, 4), lower=False),
    scipy_row("linalg.ldl", hermitian(3), skip=("derivatives", "batched", "float32")),  # (SciPy warns of differences)
    scipy_row("linalg.ldl", hermitian(3), hermitian=False),
    scipy_row("linalg.ldl", np.array([[0.1, 3.0, 1.0], [3.0, 0.2, 2.0], [1.0, 2.0, 0.5]])),
    scipy_row("linalg.lu", normal(3, 3)),
    scipy_row("linalg.lu", normal(2, 4, 3)),
    scipy_row("linalg.lu", normal(3, 4), permute_l=True),
    scipy_row("linalg.lu", normal(3, 5), p_indices=True),
    scipy_row("linalg.lu", complex_normal(3, 3)),
    scipy_row("linalg.lu_factor", normal(3, 3)),
    scipy_row("linalg.lu_solve", (regular(3, 3), np.array([1, 2, 2], np.int32)), normal(3)),
    scipy_row("linalg.lu_solve", (regular(3, 3), np.array([1, 2, 2], np.int32)), normal(3, 2), trans=1),
    scipy_row("linalg.lu_solve", (complex_normal(3, 3), np.array([1, 2, 2], np.int32)), normal(3, 2), trans=2),
    scipy_row("linalg.solve", regular(3, 3), normal(3)),
    scipy_row("linalg.solve", regular(2, 3, 3), normal(3, 2)),
    scipy_row("linalg.solve", regular(3, 3), normal(3, 2), transposed=True),
    *[
        scipy_row("linalg.solve", positive(4, 4), normal(4, 2), assume_a=kind)
        for kind in ("gen", "sym", "her", "pos", "diagonal", "tridiagonal", "banded", "upper triangular",
                     "lower triangular")
    ],
    *[
        scipy_row("linalg.solve", hermitian(3), complex_normal(3), assume_a=kind, lower=True)
        for kind in ("sym", "her", "pos")
    ],
    scipy_row("linalg.solve", positive(4, 4), normal(4), assume_a="sym", transposed=True),
    scipy_row("linalg.solve_triangular", regular(3, 3), normal(3)),
    scipy_row("linalg.solve_triangular", regular(2, 3, 3), normal(3, 2), lower=True),
    scipy_row("linalg.solve_triangular", regular(3, 3), normal(3), trans=1),
    scipy_row("linalg.solve_triangular", complex_normal(3, 3), normal(3), trans="C", lower=True),
    scipy_row("linalg.solve_triangular", regular(3, 3), normal(3, 2), unit_diagonal=True),
]

test_linear_systems = table_test(ROWS)


def test_ldl_of_hermitian_matrices():
    def parts(x):
        factor, d, _ = scipy.linalg.ldl(x + anp.conj(x.T))
        return factor, d

    check_grads(parts, hermitian(3), order=2)
