"""Bessel, Hankel and Airy functions of SciPy: in the argument and in the order."""

import numpy as np

from scipy_table import scipy_row
from table import table_test

X = np.array([0.3, 1.2, 7.0])
V = np.array([0.0, 1.5, 2.0])
Z = np.array([0.4 + 0.3j, 2.0 - 1.0j])

ROWS = [
    *[scipy_row(f"special.{name}", X) for name in "i0 i1 i0e i1e j0 j1 k0 k1 k0e k1e y0 y1".split()],
    *[scipy_row(f"special.{name}", V, X, tolerance=1e-5) for name in "iv ive jv kv kve yv".split()],
    *[scipy_row(f"special.{name}", 2, X) for name in "iv ive jv jve kv kve kn yn yv yve ivp jvp kvp yvp".split()],
    *[scipy_row(f"special.{name}", 1, Z) for name in (
        "iv ive jv jve kv kve yv yve hankel1 hankel1e hankel2 hankel2e h1vp h2vp".split()
    )],
    scipy_row("special.jvp", 1, X, n=2),
    *[scipy_row(f"special.{name}", 1, X) for name in "hankel1 hankel1e hankel2 hankel2e".split()],
    *[scipy_row(f"special.riccati_{name}", 2, 0.7) for name in ("jn", "yn")],
    *[scipy_row(f"special.spherical_{name}", 2, X) for name in ("jn", "yn", "in", "kn")],
    *[scipy_row(f"special.spherical_{name}", 0, X, derivative=True) for name in ("jn", "yn", "in", "kn")],
    scipy_row("special.airy", np.array([-2.0, 0.0, 1.3])),
    scipy_row("special.airy", Z),
    scipy_row("special.airye", np.array([0.5, 1.3, 20.0])),
    scipy_row("special.airye", Z),
    scipy_row("special.itairy", np.array([-2.0, 1.3]), order=1, tolerance=1e-4),  # SciPy has 7 digits
]

test_bessel = table_test(ROWS)
