"""Piecewise polynomials of ``scipy.interpolate``: in points, values and queries."""

from __future__ import annotations

from scipy_table import traced

import inspect

import numpy as np
import pytest
import scipy.interpolate

from autodiff_trace import grad, jacobian, jit, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def points_and_values(count, axis=0):
    x = np.arange(count) + rng.uniform(-0.3, 0.3, count)
    return x, np.moveaxis(rng.normal(size=(count, 2)), 0, axis)


USES = {
    "call": lambda spline, q: spline(q),
    "nu=1": lambda spline, q: spline(q, 1),
    "derivative": lambda spline, q: spline.derivative(2)(q),
    "antiderivative": lambda spline, q: spline.antiderivative(2)(q, extrapolate=True),
    "integrate": lambda spline, q: spline.integrate(q[1], q[0]),
}
EXTRAPOLATES = "extrapolate" in inspect.signature(scipy.interpolate.Akima1DInterpolator).parameters  # since 1.14
SPLINES = [
    *[("CubicSpline", {"bc_type": bc}) for bc in (
        "not-a-knot", "natural", "clamped", "periodic", ("natural", "clamped"),
        ((1, np.ones(2)), (2, np.full(2, 0.3))),
    )],
    ("CubicSpline", {"extrapolate": "periodic"}),
    ("PchipInterpolator", {}),
    *[("Akima1DInterpolator", {"extrapolate": True}),
      ("Akima1DInterpolator", {"method": "makima", "extrapolate": True})][: 2 * EXTRAPOLATES],
    ("CubicHermiteSpline", {}),
]


@pytest.mark.parametrize("name, keywords", SPLINES, ids=str)
@pytest.mark.parametrize("count", [2, 3, 4, 7])
def test_cubic_splines(name, keywords, count):
    """Values as SciPy has them, with data and without data that are traced; derivatives against differences."""
    axis = count % 2
    x, y = points_and_values(count, axis)
    query = np.array([x[0] - 0.4, x[0] + 0.3, x[-1] + 0.2])
    is_periodic = keywords.get("bc_type") == "periodic"
    last = [slice(None)] * 2
    last[axis] = slice(0, 1)
    if is_periodic:
        y = np.delete(y, -1, axis)

    def make(library, x, y, dydx):
        y = anp.concatenate([y, y[tuple(last)]], axis) if is_periodic else y
        slopes = (dydx,) if name == "CubicHermiteSpline" else ()
        return getattr(library, name)(x, y, *slopes, axis=axis, **keywords)

    dydx = rng.normal(size=y.shape)
    expected = make(scipy.interpolate, x, y, dydx)
    plain = make(traced.interpolate, x, y, dydx)
    assert isinstance(plain, type(expected))
    for label, use in USES.items():
        np.testing.assert_array_equal(use(plain, query), use(expected, query))
        is_sample = keywords.get("bc_type", "natural") in ("natural", "periodic")  # of a few
        order = 2 if label == "call" and count == 7 and is_sample else 1
        if order == 1 and count != 4 and label != "call":
            continue

        def function(x, y, dydx, q):
            return use(make(traced.interpolate, x, y, dydx), q)

        value = jit(function)(x, y, dydx, query)
        np.testing.assert_allclose(value, use(expected, query), rtol=1e-9, atol=1e-10)
        check_grads(function, x, y, dydx, query, order=order, name=f"{name} {label}")
        check_grads(lambda q: use(plain, q), query, order=1, name=f"{name} {label}")


def test_batches():
    x, y = points_and_values(5)
    spline = traced.interpolate.CubicSpline
    ys, queries = rng.normal(size=(3, 5, 2)), rng.uniform(0, 4, (3, 4))
    np.testing.assert_allclose(vmap(lambda y, q: spline(x, y)(q))(ys, queries),
                               [spline(x, y)(q) for y, q in zip(ys, queries)])
    np.testing.assert_allclose(vmap(lambda q: spline(x, y)(q))(queries), spline(x, y)(queries))
    jacobian(lambda y: spline(x, y)(queries))(y)


def test_outside():
    x, y = points_and_values(5)
    spline = traced.interpolate.Akima1DInterpolator(x, y[:, 0])
    queries = np.array([-9.0, 2.0, np.nan])
    assert np.isnan(grad(lambda q: anp.sum(spline(q)))(queries)).tolist() == [True, False, True]

    def inside(y):
        values = traced.interpolate.Akima1DInterpolator(x, y)(queries[:2])
        return anp.sum(anp.where(anp.isnan(values), 0.0, values))

    assert np.isfinite(grad(inside)(y[:, 0])).all()


def test_splines_are_containers():
    """A derivative with respect to a spline is one of its coefficients and breakpoints."""
    x, y = points_and_values(5)
    spline = traced.interpolate.CubicSpline(x, y[:, 0])
    gradient = grad(lambda spline: spline(1.5))(spline)
    assert isinstance(gradient, scipy.interpolate.CubicSpline)
    assert gradient.c.shape == spline.c.shape and np.count_nonzero(gradient.c) == 4


@pytest.mark.parametrize("name", ["PPoly", "BPoly"])
def test_polynomials(name):
    c, x = rng.normal(size=(4, 3, 2)), np.array([0.0, 0.7, 1.5, 2.1])
    query = np.array([[-0.2, 0.3], [1.1, 2.5]])
    for label, use in USES.items():
        def function(c, x, q):
            return use(getattr(traced.interpolate, name)(c, x), q.ravel())

        expected = use(getattr(scipy.interpolate, name)(c, x), query.ravel())
        np.testing.assert_allclose(jit(function)(c, x, query), expected, rtol=1e-12, atol=1e-12)
        check_grads(function, c, x, query, order=2 if label == "call" else 1, name=f"{name} {label}")
    falling = traced.interpolate.PPoly(c, x[::-1])
    np.testing.assert_allclose(vmap(lambda q: falling(q))(query), scipy.interpolate.PPoly(c, x[::-1])(query))
    check_grads(falling, query, order=1)


def test_what_is_refused():
    x, y = points_and_values(5)
    with pytest.raises(ValueError, match="strictly increasing"):
        grad(lambda y: traced.interpolate.CubicSpline(x[::-1], y)(1.0))(y[:, 0])
    with pytest.raises(TypeError, match=r"roots\(\) is not there for traced values"):
        grad(lambda y: traced.interpolate.CubicSpline(x, y).roots()[0])(y[:, 0])
    with pytest.raises(ValueError, match="bc_type=what"):
        grad(lambda y: traced.interpolate.CubicSpline(x, y, bc_type="what")(1.0))(y[:, 0])


@pytest.mark.skipif(not EXTRAPOLATES, reason="Akima1DInterpolator extrapolates since SciPy 1.14")
@pytest.mark.parametrize("method", ["akima", "makima"])
def test_akima_repeats(method):
    x, y = points_and_values(6)
    query = np.array([x[0] - 1.3, 2.1, x[-1] + 0.4])
    options = {"method": method, "extrapolate": "periodic"}
    expected = scipy.interpolate.Akima1DInterpolator(x, y, **options)(query)
    found = vjp(lambda y: traced.interpolate.Akima1DInterpolator(x, y, **options)(query), y)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    check_grads(lambda x, y: traced.interpolate.Akima1DInterpolator(x, y, **options)(query), x, y, order=1)


def test_no_queries_and_breakpoints_out_of_order():
    x, y = points_and_values(6)
    for name in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator"):
        back = vjp(lambda y, n=name: getattr(traced.interpolate, n)(x, y)(np.zeros(0)), y)[1]
        np.testing.assert_array_equal(back(np.zeros((0, 2)))[0], np.zeros((6, 2)))
    with pytest.raises(ValueError, match="strictly increasing or decreasing"):
        grad(lambda x: traced.interpolate.PPoly(np.ones((3, 2)), x)(0.5))(np.array([0.0, 2.0, 1.0]))


def test_periodic_splines_are_compiled():
    x, y = points_and_values(6)
    y[-1] = y[0]

    def slopes(x):
        return grad(lambda x: anp.sum(traced.interpolate.CubicSpline(x, y, bc_type="periodic")(1.3) ** 2))(x)

    np.testing.assert_allclose(jit(slopes)(x), slopes(x), rtol=1e-9)
