"""Zeta, Struve, Kelvin, Fresnel, Faddeeva, Owen, hypergeometric and harmonic functions of SciPy."""

import numpy as np

from scipy_table import scipy_row
from autodiff_trace.scipy import special
from table import table_test

X = np.array([0.3, 1.2, 4.0])
V = np.array([0.4, 2.0, 3.5])
Z = np.array([0.4 + 0.3j, 2.0 - 1.0j, 7.0 + 2.0j])
NO_SINGLE = ["float32"]  # of which SciPy's own values are NaN in places
THETA, PHI = np.array([1.3, 0.4, 2.5]), np.array([0.3, 4.0, 1.0])

ROWS = [
    scipy_row("special.zeta", np.array([-2.5, 0.4, 3.0])),
    scipy_row("special.zeta", V + 1, X),
    scipy_row("special.zetac", V + 1),
    *[scipy_row(f"special.{name}", V, X) for name in ("struve", "modstruve")],
    *[scipy_row(f"special.{name}", X) for name in "ber bei ker kei berp beip kerp keip kelvin".split()],
    *[scipy_row(f"special.{name}", X) for name in "iti0k0 itj0y0 it2i0k0 it2j0y0".split()],
    *[scipy_row(f"special.{name}", X, tolerance=1e-4) for name in "itstruve0 it2struve0 itmodstruve0".split()],
    *[scipy_row("special.fresnel", x) for x in (X, Z[:2])],
    scipy_row("special.wofz", Z),
    scipy_row("special.wofz", X),
    scipy_row("special.hyp0f1", V, X),
    scipy_row("special.hyp1f1", V, V[::-1], -X),
    scipy_row("special.hyp2f1", V, X, V[::-1] + 1, np.array([-0.4, 0.3, 0.7])),
    scipy_row("special.hyperu", V[:1], X[:1], X[:1], tolerance=1e-4),
    *[scipy_row(f"special.{name}", V[:2], X[:2], tolerance=1e-4, skip=NO_SINGLE) for name in ("pbdv", "pbvv", "pbwa")],
    *[scipy_row(f"special.mathieu_{name}", 2, V[:2]) for name in "ab"],
    scipy_row("special.mathieu_cem", 2, V[:2], np.array([20.0, 70.0]), tolerance=1e-4, skip=NO_SINGLE),
    scipy_row("special.mathieu_modsem2", 2, V[:2], X[:2], tolerance=1e-4, skip=NO_SINGLE),
    scipy_row("special.radian", X, X, X),
    scipy_row("special.wright_bessel", V[:2], X[:2], X[:2], tolerance=1e-4),
    scipy_row("special.besselpoly", X[:2], V[:2], X[:2], tolerance=1e-4),
    scipy_row("special.assoc_laguerre", X, 3, 0.5),
    *[scipy_row("special.diric", np.array([0.0, 0.3, 2 * np.pi]), n) for n in (4, 5)],
    scipy_row("special.owens_t", X, V),
    scipy_row("special.voigt_profile", X, V, X),
    scipy_row("special.lpmv", 1, V, np.array([-0.4, 0.3, 0.7])),
]

OF_NEWER_VERSIONS = [  # SciPy 1.13 has some of them, with other values
    scipy_row("special.hyp1f1", 0.4, 1.3, Z),
    *[scipy_row(f"special.modfresnel{name}", X, skip=NO_SINGLE) for name in "pm"],
    scipy_row("special.sph_harm_y", np.array([2, 3, 1]), np.array([1, -2, 0]), THETA, PHI),
    scipy_row("special.sph_harm_y", 2, 1, THETA, PHI, diff_n=2),
    scipy_row("special.legendre_p", 3, np.array([-0.4, 0.3]), diff_n=1),
    scipy_row("special.sph_legendre_p", 3, 2, THETA),
    scipy_row("special.assoc_legendre_p", 3, -2, np.array([-0.4, 0.3]), norm=True, diff_n=1),
    scipy_row("special.log_wright_bessel", V[:2], X[:2], X[:2], tolerance=1e-4),
]

test_special_functions = table_test(ROWS)
test_functions_of_newer_versions = table_test(OF_NEWER_VERSIONS if hasattr(special, "sph_harm_y") else [])
