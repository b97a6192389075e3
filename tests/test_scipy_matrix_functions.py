"""``scipy.linalg``: functions of matrices, Toeplitz systems, least squares, and matrices made of a few numbers."""

import warnings

import numpy as np
from scipy_table import scipy_row

from table import table_test

from autodiff_trace import grad
from autodiff_trace import numpy as anp
from autodiff_trace.scipy import linalg

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


def regular(*shape):
    return normal(*shape) / 2 + 3 * np.eye(shape[-1])


def cube(x):
    return x * x * x


FUNCTIONS = [
    scipy_row("linalg.expm", normal(3, 3)),
    scipy_row("linalg.expm", normal(2, 3, 3)),
    scipy_row("linalg.expm", complex_normal(3, 3)),
    scipy_row("linalg.expm", np.zeros((3, 3))),
    scipy_row("linalg.expm_frechet", normal(3, 3), normal(3, 3), order=1),
    scipy_row("linalg.expm_frechet", normal(3, 3), normal(3, 3), compute_expm=False),
    scipy_row("linalg.logm", regular(3, 3), skip=("float32",)),  # of which SciPy warns
    scipy_row("linalg.logm", regular(3, 3) + 1j * normal(3, 3), skip=("float32",)),
    scipy_row("linalg.fractional_matrix_power", regular(3, 3), 0.3),
    scipy_row("linalg.fractional_matrix_power", regular(3, 3), 2),
    scipy_row("linalg.sqrtm", regular(3, 3)),
    scipy_row("linalg.sqrtm", regular(2, 3, 3)),
    scipy_row("linalg.sqrtm", regular(3, 3) + 1j * normal(3, 3)),
    scipy_row("linalg.signm", np.array([[1.0, 2.0, 0.3], [0.1, -2.0, 0.5], [0.2, 0.4, 3.0]])),
    scipy_row("linalg.funm", regular(3, 3) + np.diag([0.0, 1, 3]), cube, skip=("compiled",)),
    scipy_row("linalg.funm", np.diag([0.0, 1, 3]) + normal(3, 3) / 5, anp.sin, skip=("compiled",)),
    *[
        scipy_row(f"linalg.{name}", normal(3, 3) / 2, tolerance=1e-5)
        for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")
    ],
    scipy_row("linalg.cosm", complex_normal(3, 3)),
    scipy_row("linalg.sinm", complex_normal(3, 3)),
]
TOEPLITZ = [
    scipy_row("linalg.matmul_toeplitz", (normal(4), normal(3)), normal(3)),
    scipy_row("linalg.matmul_toeplitz", complex_normal(4), normal(4, 2)),
    scipy_row("linalg.solve_circulant", normal(4) + np.array([4.0, 0, 0, 0]), normal(4)),
    scipy_row("linalg.solve_circulant", complex_normal(4), normal(4, 3)),
    scipy_row("linalg.solve_circulant", normal(4, 2) + 4 * np.eye(4, 2), normal(2, 4), caxis=0, baxis=1, outaxis=1),
    scipy_row("linalg.solve_toeplitz", normal(4) + np.array([4.0, 0, 0, 0]), normal(4)),
    scipy_row("linalg.solve_toeplitz", (normal(4) + np.array([4.0, 0, 0, 0]), normal(4)), normal(4, 2)),
    scipy_row("linalg.solve_toeplitz", (complex_normal(2, 4) + np.array([4.0, 0, 0, 0]), normal(4)), normal(4)),
]
LEAST_SQUARES = [
    scipy_row("linalg.lstsq", normal(5, 3), normal(5)),
    scipy_row("linalg.lstsq", normal(5, 3), normal(5, 2), lapack_driver="gelss"),
    scipy_row("linalg.lstsq", normal(2, 4), normal(2)),
    scipy_row("linalg.norm", normal(3)),
    scipy_row("linalg.norm", normal(3, 4), ord=1),
    scipy_row("linalg.norm", normal(3, 4), ord=2, axis=(0, 1), keepdims=True),
    scipy_row("linalg.pinv", normal(4, 2)),
    scipy_row("linalg.pinv", normal(2, 4, 2), rtol=1e-10),
    scipy_row("linalg.pinv", normal(4, 3), atol=1e-8),
    scipy_row("linalg.pinvh", regular(3, 3)),
    scipy_row("linalg.pinvh", regular(3, 3), lower=False),
    scipy_row("linalg.subspace_angles", normal(5, 3), normal(5, 2)),
]
MATRICES = [
    scipy_row("linalg.block_diag", normal(2, 3), normal(2), normal(1, 1)),
    scipy_row("linalg.block_diag", normal(2, 2, 3), normal(1, 2)),
    scipy_row("linalg.circulant", normal(4)),
    scipy_row("linalg.companion", normal(4)),
    *[scipy_row("linalg.convolution_matrix", normal(3), 5, mode=mode) for mode in ("full", "valid", "same")],
    scipy_row("linalg.convolution_matrix", normal(5), 2, mode="same"),
    scipy_row("linalg.fiedler", normal(4)),
    scipy_row("linalg.fiedler_companion", normal(6)),
    scipy_row("linalg.fiedler_companion", normal(3)),
    scipy_row("linalg.hankel", normal(4)),
    scipy_row("linalg.hankel", normal(3), normal(4)),
    scipy_row("linalg.khatri_rao", normal(2, 3), normal(4, 3)),
    scipy_row("linalg.leslie", normal(4), normal(3)),
    scipy_row("linalg.toeplitz", normal(4)),
    scipy_row("linalg.toeplitz", normal(3), normal(4)),
    scipy_row("linalg.toeplitz", complex_normal(3)),
]

test_functions = table_test(FUNCTIONS)
test_toeplitz = table_test(TOEPLITZ)
test_least_squares = table_test(LEAST_SQUARES)
test_matrices = table_test(MATRICES)


def test_root_of_zero_has_no_derivative():
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, of a singular matrix
        for a in (np.zeros((2, 2)), np.diag([0.0, 1.0])):
            assert np.isnan(grad(lambda a: anp.sum(linalg.sqrtm(a)))(a)).all()
