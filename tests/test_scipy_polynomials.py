"""Orthogonal polynomials of SciPy: in x, in their parameters, in a real degree."""

import numpy as np

from scipy_table import scipy_row
from table import table_test

X = np.array([-0.7, 0.1, 0.8])
N = np.array([0, 1, 5])
A, B = np.array([0.3, 1.2, 2.0]), np.array([0.6, -0.4, 1.0])
ONE_PARAMETER = "legendre chebyc chebys chebyt chebyu laguerre sh_chebyt sh_chebyu sh_legendre hermite hermitenorm"

ROWS = [
    *[scipy_row(f"special.eval_{name}", N, X) for name in ONE_PARAMETER.split()],
    *[scipy_row(f"special.eval_{name}", 3, X) for name in ("legendre", "hermite")],
    scipy_row("special.eval_legendre", np.array([0.4, 1.0, 2.5]), X),
    scipy_row("special.eval_gegenbauer", N, A, X),
    scipy_row("special.eval_genlaguerre", N, A, X),
    scipy_row("special.eval_jacobi", N, A, B, X),
    scipy_row("special.eval_jacobi", 2, 0.3, 0.4, X + 0.3j),
    scipy_row("special.eval_sh_jacobi", 3, A + 2, B + 1, X),
]

test_polynomials = table_test(ROWS)
