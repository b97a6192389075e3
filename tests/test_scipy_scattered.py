"""Polynomials through points, radial basis functions, lines on triangles and FITPACK's classes."""

from __future__ import annotations

from scipy_table import traced

import pickle

import numpy as np
import pytest
import scipy.interpolate

from autodiff_trace import TracedValueError, grad, jacobian, jit, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
ours = traced.interpolate
x, y = np.arange(6) + rng.uniform(-0.3, 0.3, 6), rng.normal(size=(6, 2))
QUERY = np.array([[0.3, 2.45], [3.6, 7.0]])
POINTS, VALUES, PLACES = rng.uniform(size=(12, 2)), rng.normal(size=(12, 2)), rng.uniform(0.3, 0.7, size=(4, 2))


def check(function, *args, order=1):
    """``function(library, *args)``: SciPy's value, plain, traced and compiled, and derivatives against differences."""
    expected = function(scipy.interpolate, *args)
    np.testing.assert_allclose(function(ours, *args), expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(vjp(lambda *a: function(ours, *a), *args)[0], expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(jit(lambda *a: function(ours, *a))(*args), expected, rtol=1e-8, atol=1e-9)
    check_grads(lambda *a: function(ours, *a), *args, order=order)


@pytest.mark.parametrize("name", ["KroghInterpolator", "BarycentricInterpolator"])
def test_polynomials(name):
    check(lambda lib, x, y, q: getattr(lib, name)(x, y)(q), x, y, QUERY, order=2)
    check(lambda lib, x, y, q: getattr(lib, name)(x, y, axis=1)(q), x, y.T, QUERY)
    check(lambda lib, x, y, q: getattr(lib, name)(x, y).derivative(q, 2), x, y, QUERY)
    check(lambda lib, q: getattr(lib, name)(x, y).derivatives(q, 3), QUERY)


def test_points_that_are_repeated_and_many():
    check(lambda lib, y, q: lib.KroghInterpolator([0, 0, 1, 1, 1, 2.0], y)(q), y, QUERY)
    nodes = np.cos(np.pi * (np.arange(60) + 0.5) / 60)
    check(lambda lib, y, q: lib.BarycentricInterpolator(nodes, y)(q), np.sin(5 * nodes), np.array([0.3, -0.77]))
    check(lambda lib, x, y, q: lib.barycentric_interpolate(x, y, q), x, y, QUERY)
    check(lambda lib, y, q: lib.krogh_interpolate(x, y, q, der=[0, 2]), y, QUERY)
    check(lambda lib, y, q: lib.pchip_interpolate(x, y, q, der=1), y, QUERY)


def test_univariate_splines():
    query = np.array([-1.0, 2.45, 9.0])
    for k in (1, 3, 4):
        check(lambda lib, x, y, q, k=k: lib.InterpolatedUnivariateSpline(x, y, k=k)(q), x, y[:, 0], query)
    for ext in (1, 3, "extrapolate"):
        check(lambda lib, y, q, e=ext: lib.InterpolatedUnivariateSpline(x, y, ext=e)(q, 1), y[:, 0], query)
    check(lambda lib, y, q: lib.InterpolatedUnivariateSpline(x, y, ext=3).derivative()(q), y[:, 0], query)
    check(lambda lib, y, a: lib.InterpolatedUnivariateSpline(x, y).integral(a, 4.3), y[:, 0], 0.5)
    check(lambda lib, q: lib.UnivariateSpline(x, y[:, 0], s=0.5)(q), query)
    with pytest.raises(ValueError, match="ext=2"):
        grad(lambda y: ours.InterpolatedUnivariateSpline(x, y, ext=2)(99.0))(y[:, 0])


@pytest.mark.parametrize("kernel", [
    "linear", "thin_plate_spline", "cubic", "quintic", "multiquadric", "inverse_multiquadric", "inverse_quadratic",
    "gaussian",
])
def test_radial_basis_functions(kernel):
    if kernel in ("linear", "thin_plate_spline", "cubic", "quintic"):
        check(lambda lib, p, d, s, q: lib.RBFInterpolator(p, d, kernel=kernel, smoothing=s)(q), POINTS, VALUES,
              np.full(12, 0.2), PLACES)
    else:
        check(lambda lib, p, d, e, q: lib.RBFInterpolator(p, d, kernel=kernel, epsilon=e, degree=-1, smoothing=0.1)(q),
              POINTS, VALUES, 2.0, PLACES)


def test_triangles():
    check(lambda lib, d, q: lib.LinearNDInterpolator(POINTS, d)(q), VALUES, PLACES)
    check(lambda lib, d, a, b: lib.LinearNDInterpolator(POINTS, d)(a, b), VALUES, *PLACES.T)
    check(lambda lib, d, q: lib.NearestNDInterpolator(POINTS, d)(q), VALUES, PLACES)
    check(lambda lib, d, q: lib.griddata(POINTS, d, q), VALUES[:, 0], PLACES)
    check(lambda lib, d, q: lib.griddata(POINTS, d, q, method="nearest"), VALUES[:, 0], PLACES)


def test_what_is_refused():
    d = VALUES[:, 0]
    for function, message in {
        lambda d: ours.griddata(POINTS, d, PLACES, method="cubic"): "method='cubic'",
        lambda d: ours.CloughTocher2DInterpolator(POINTS, d): "CloughTocher2DInterpolator is not there",
        lambda d: ours.lagrange(x[:3], d[:3])(1.0): "Use BarycentricInterpolator",
        lambda d: ours.UnivariateSpline(x, d[:6])(0.3): "y= has to be a plain value",
        lambda d: ours.griddata(POINTS + d[0], d, PLACES): "points= has to be a plain value",
        lambda d: ours.RBFInterpolator(POINTS, d, neighbors=5)(PLACES): "neighbors=",
    }.items():
        with pytest.raises(TypeError, match=message):
            grad(lambda d, f=function: anp.sum(f(d)))(d)


def test_batches_of_places_on_triangles():
    """A batch of queries finds the triangle of each, and not that of another one."""
    batch = rng.uniform(0.2, 0.8, size=(5, 4, 2))
    for name in ("LinearNDInterpolator", "NearestNDInterpolator"):
        expected = getattr(scipy.interpolate, name)(POINTS, VALUES)(batch)
        found = vmap(getattr(ours, name)(POINTS, VALUES))(batch)
        np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=name)
    slopes = vmap(jacobian(ours.LinearNDInterpolator(POINTS, VALUES)))(batch[:, 0])
    each = [jacobian(ours.LinearNDInterpolator(POINTS, VALUES))(place) for place in batch[:, 0]]
    np.testing.assert_allclose(slopes, each, rtol=1e-9)


def test_scales_and_forms_of_places():
    scaled = POINTS * [1.0, 100.0]
    for place in (PLACES * [1.0, 100.0], PLACES[0] * [1.0, 100.0]):
        for name in ("LinearNDInterpolator", "NearestNDInterpolator"):
            check(lambda m, v, q, n=name: getattr(m, n)(scaled, v, rescale=True)(q), VALUES, place)
    check(lambda m, v, q: m.griddata(scaled, v, q, rescale=True), VALUES, PLACES * [1.0, 100.0])
    line = rng.permutation(x)
    for method in ("nearest", "linear", "cubic"):
        check(lambda m, v, q, how=method: m.griddata(line, v, q, method=how), y[:, 0], np.array([0.7, 3.1]))
    slope = vjp(lambda q: ours.LinearNDInterpolator(POINTS, VALUES[:, 0])(q), np.array([[9.0, 9.0]]))[1](np.ones(1))[0]
    assert np.isnan(slope).all()


def test_fitpack_coefficients_and_derivatives():
    def coefficients(m, x, y):
        return m.InterpolatedUnivariateSpline(x, y).get_coeffs()

    check(coefficients, x, y[:, 0])
    check(lambda m, y, q: m.InterpolatedUnivariateSpline(x, y).derivatives(q), y[:, 0], 2.3)
    check(lambda m, q: m.UnivariateSpline(x, y[:, 0]).derivatives(q), 2.3)
    with pytest.raises(ValueError, match="Unknown extrapolation mode 7"):
        grad(lambda y: ours.InterpolatedUnivariateSpline(x, y, ext=7)(1.0))(y[:, 0])
    with pytest.raises(TracedValueError, match="get_residual"):
        grad(lambda y: ours.InterpolatedUnivariateSpline(x, y).get_residual())(y[:, 0])


def test_radial_bases_are_pickled():
    found = pickle.loads(pickle.dumps(ours.RBFInterpolator(POINTS, VALUES, smoothing=0.1)))
    expected = scipy.interpolate.RBFInterpolator(POINTS, VALUES, smoothing=0.1)(PLACES)
    np.testing.assert_allclose(vjp(found, PLACES)[0], expected, rtol=1e-8, atol=1e-9)
