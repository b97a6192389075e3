"""Distribution functions of SciPy's special module and their inverses, in all their real arguments."""

import numpy as np

from scipy_table import scipy_row
from autodiff_trace.scipy import special
from table import table_test

P = np.array([0.2, 0.5, 0.9])
A = np.array([1.5, 3.0, 0.8])
B = np.array([2.0, 4.5, 1.2])
X = np.array([0.4, 1.3, 2.0])
K, N = np.array([0, 2, 4]), np.array([3, 5, 4])

ROWS = [
    *[scipy_row(f"special.{name}", K, N, P) for name in ("bdtr", "bdtrc", "nbdtr", "nbdtrc", "nbdtri")],
    scipy_row("special.bdtri", K[:2], N[:2], P[:2]),
    *[scipy_row(f"special.{name}", K, X) for name in ("pdtr", "pdtrc")],
    scipy_row("special.pdtri", K, P),
    *[scipy_row(f"special.{name}", A, X) for name in ("chdtr", "chdtrc", "stdtr")],
    *[scipy_row(f"special.{name}", A, P) for name in ("chdtri", "stdtrit")],
    *[scipy_row(f"special.{name}", A, B, X) for name in ("fdtr", "fdtrc", "gdtr", "gdtrc")],
    scipy_row("special.stdtr", 2.5, -X),
    scipy_row("special.chdtriv", P, X),
    scipy_row("special.stdtridf", np.array([0.7, 0.8]), np.array([0.9, 1.1]), tolerance=1e-4),
    scipy_row("special.gdtria", P, B, X),
    scipy_row("special.gdtrib", A, P, X),
    scipy_row("special.gdtrix", A, B, P),
    scipy_row("special.btdtria", P, B, np.array([0.3, 0.5, 0.6])),
    scipy_row("special.btdtrib", A, P, np.array([0.3, 0.5, 0.6])),
    scipy_row("special.fdtri", A, B, P),
    scipy_row("special.pdtrik", P, X + 2),
    scipy_row("special.nbdtrik", P, B, np.array([0.3, 0.5, 0.4])),
    scipy_row("special.bdtrik", np.array([0.5, 0.8]), np.array([5.0, 8.0]), np.array([0.5, 0.4])),
    scipy_row("special.chndtr", X, A, B),
    scipy_row("special.chndtrix", P, A, B, tolerance=1e-4),
    scipy_row("special.nrdtrimn", P, B, X),
    scipy_row("special.nrdtrisd", A, np.array([0.2, 0.7, 0.9]), X),
    scipy_row("special.kolmogorov", np.array([0.4, 0.9, 1.5])),
    scipy_row("special.kolmogi", P),
    scipy_row("special.smirnov", 5, P - 0.05),
    scipy_row("special.smirnovi", 5, P),
    scipy_row("special.tklmbda", np.array([-0.3, 0.4, 1.9]), np.array([-0.4, 0.0, 0.5])),
]

NONCENTRAL = [  # the older code in SciPy has too few digits for their derivatives, which are refused
    scipy_row("special.ncfdtr", A, B + 2, X, X[::-1], tolerance=1e-4),
    scipy_row("special.nctdtr", A + 2, X, X - 1.2, tolerance=1e-4),
    scipy_row("special.nctdtrit", A + 2, X, P, tolerance=1e-4),
]

test_cdfs = table_test(ROWS)
test_noncentral_cdfs = table_test(NONCENTRAL if hasattr(special, "sph_harm_y") else [])
