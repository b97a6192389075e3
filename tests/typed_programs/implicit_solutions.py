"""Derivatives of solutions: fixed points, roots, least squares, interpolation, sparse systems."""

import numpy as np
from numpy.typing import NDArray

from autodiff_trace import custom_linear_solve, custom_root, detect_sparsity, grad, jet, numpy as anp
from autodiff_trace.scipy import interpolate, optimize, sparse, spatial
from autodiff_trace.scipy.sparse import linalg as spla

Vector = NDArray[np.float64]


def cube_root(a: float) -> float:
    return custom_root(lambda x: x**3 - a, 1.0)


def bracketed(a: float) -> float:
    return optimize.brentq(lambda x: x**3 - a, 0.0, 10.0)


def solve_diagonal(d: Vector, b: Vector) -> Vector:
    return custom_linear_solve(lambda x: d * x, b, lambda matvec, rhs: rhs / matvec(np.ones(2)), symmetric=True)


def spline_area(y: Vector) -> float:
    spline = interpolate.CubicSpline(np.arange(4.0), y)
    return spline.integrate(0.0, 3.0) + 0.0 * spline(1.5)


def conduction(k: Vector, b: Vector) -> float:
    A = sparse.csc_array(sparse.diags_array(k, format="csc"))
    assert (2.0 * A @ b).shape == A.shape[:1]
    return anp.sum(spla.spsolve(A, b))


def main() -> None:
    assert abs(grad(cube_root)(8.0) - 1.0 / 12.0) < 1e-9
    assert abs(grad(bracketed)(8.0) - 1.0 / 12.0) < 1e-9
    d, b = np.array([2.0, 4.0]), np.array([1.0, 1.0])
    assert np.allclose(grad(lambda d: anp.sum(solve_diagonal(d, b)))(d), -1.0 / d**2)
    assert grad(spline_area)(np.array([0.0, 1.0, 4.0, 9.0])).shape == (4,)
    assert np.allclose(grad(conduction)(d, b), -1.0 / d**2)
    assert detect_sparsity(lambda x: x**2, d).sum() == 2
    output, terms = jet(lambda x: x**2, (3.0,), ([1.0, 0.0],))
    assert (output, terms[0]) == (9.0, 6.0)
    assert spatial.distance.cdist(np.eye(2), np.eye(2)).shape == (2, 2)
