"""Distribution functions of SciPy's special module and their inverses, in all their real arguments."""

import numpy as np

from scipy_table import scipy_row
from table import table_test

P = np.array([0.2, 0.5, 0.9])
A = np.array([1.5, 3.0, 0.8])
B = np.array([2.0, 4.5, 1.2])
X = np.array([0.4, 1.3, 2.0])

ROWS = [
    scipy_row("special.stdtr", A, X),
    scipy_row("special.stdtr", 2.5, -X),
    scipy_row("special.stdtridf", np.array([0.7, 0.8]), np.array([0.9, 1.1]), tolerance=1e-4),
    scipy_row("special.chndtr", X, A, B),
    scipy_row("special.chndtrix", P, A, B, tolerance=1e-4),
    scipy_row("special.ncfdtr", A, B + 2, X, X[::-1], tolerance=1e-4),
    scipy_row("special.nctdtr", A + 2, X, X - 1.2, tolerance=1e-4),
    scipy_row("special.nctdtrit", A + 2, X, P, tolerance=1e-4),
    scipy_row("special.kolmogorov", np.array([0.4, 0.9, 1.5])),
    scipy_row("special.kolmogi", P),
    scipy_row("special.smirnov", 5, P - 0.05),
    scipy_row("special.smirnovi", 5, P),
    scipy_row("special.tklmbda", np.array([-0.3, 0.4, 1.9]), np.array([-0.4, 0.0, 0.5])),
]

test_cdfs = table_test(ROWS)
