"""Elliptic integrals and functions of SciPy, Legendre's, Jacobi's and Carlson's, and Lambert's W."""

import numpy as np

from scipy_table import scipy_row
from table import table_test

M = np.array([-1.3, 0.0, 0.6])
PHI = np.array([0.4, -1.2, 5.0])
X, Y, W = np.array([0.4, 1.3]), np.array([2.0, 0.7]), np.array([1.2, 3.0])

ROWS = [
    scipy_row("special.ellipk", M),
    scipy_row("special.ellipkm1", np.array([0.2, 1.0, 3.0])),
    scipy_row("special.ellipe", M),
    scipy_row("special.ellipkinc", PHI, M),
    scipy_row("special.ellipeinc", PHI, M),
    scipy_row("special.ellipj", np.array([0.4, -1.2, 3.0]), np.array([0.2, 0.5, 0.9])),
    scipy_row("special.elliprc", X, Y),
    scipy_row("special.elliprc", X, -Y),
    scipy_row("special.elliprd", X, Y, W),
    scipy_row("special.elliprf", X, Y, W),
    scipy_row("special.elliprf", X * (1 + 1j), Y + 0j, W - 0.3j),
    scipy_row("special.elliprg", X, Y, W),
    scipy_row("special.elliprj", X, Y, W, np.array([0.6, 1.1])),
    scipy_row("special.agm", X, Y),
    scipy_row("special.lambertw", np.array([0.5, 2.0])),
    scipy_row("special.lambertw", np.array([-0.2, -0.1]), k=-1),
    scipy_row("special.lambertw", X * (1 + 1j), 1),
    scipy_row("special.wrightomega", X),
]

test_elliptic = table_test(ROWS)
