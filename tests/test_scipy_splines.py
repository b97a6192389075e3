"""B-splines, interp1d and regular grids of ``scipy.interpolate``: in knots, values and queries."""

from __future__ import annotations

import copy
import pickle

from scipy_table import traced

import numpy as np
import pytest
import scipy.interpolate

from autodiff_trace import grad, jit, tree_map, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
ours = traced.interpolate

USES = {
    "call": lambda spline, q: spline(q),
    "nu=1": lambda spline, q: spline(q, 1),
    "derivative": lambda spline, q: spline.derivative()(q),
    "antiderivative": lambda spline, q: spline.antiderivative(2)(q, extrapolate=True),
    "integrate": lambda spline, q: spline.integrate(q[1], q[0], extrapolate=False),
}


@pytest.mark.parametrize("k, count, bc_type", [
    (1, 4, None), (2, 5, None), (3, 4, None), (3, 7, "natural"), (3, 6, ([(1, np.ones(2))], [(2, np.ones(2))])),
    (3, 6, "periodic"), (5, 8, "periodic"), (5, 7, None),
], ids=str)
def test_interpolating_splines(k, count, bc_type):
    x, y = np.arange(count) + rng.uniform(-0.3, 0.3, count), rng.normal(size=(count, 2))
    query = np.array([x[0] - 0.2, x[0] + 0.4, x[-1] + 0.3])
    is_periodic = bc_type == "periodic"
    y[-1] = y[0] if is_periodic else y[-1]

    def make(library, x, y):
        y = anp.concatenate([y, y[:1]]) if is_periodic else y
        return library.make_interp_spline(x, y, k, bc_type=bc_type)

    values = y[:-1] if is_periodic else y
    expected, plain = make(scipy.interpolate, x, values), make(ours, x, values)
    for label, use in USES.items():
        found = jit(lambda x, y, q, use=use: use(make(ours, x, y), q))(x, values, query)
        np.testing.assert_allclose(found, use(expected, query), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(vjp(lambda q, use=use: use(plain, q), query)[0], use(expected, query), atol=1e-9)
        if label in ("call", "integrate"):
            check_grads(lambda x, y, q, use=use: use(make(ours, x, y), q), x, values, query, order=1, name=label)


def test_knots_of_b_splines():
    t = np.array([0, 0.1, 0.2, 0.3, 1.4, 1.5, 2.6, 3.7, 3.8, 3.9, 4.0])
    c, query = rng.normal(size=(2, 7)), np.array([-0.5, 0.5, 1.7, 2.2, 3.3])
    for nu in (0, 1, 4):
        check_grads(lambda t, c, q, nu=nu: ours.BSpline(t, c, 3, axis=1)(q, nu), t, c, query, order=2 - nu % 2)
    repeated = np.array([0, 0, 0, 0, 1, 1, 2, 3, 3, 3, 3.0])
    found = vjp(lambda c: ours.BSpline(repeated, c, 3)(query, 1), c[0])[0]
    np.testing.assert_allclose(found, scipy.interpolate.BSpline(repeated, c[0], 3)(query, 1))


def test_fitted_splines():
    x, y, w = np.linspace(0.05, 2.85, 20) + rng.uniform(0, 0.1, 20), rng.normal(size=20), rng.uniform(0.5, 1, 20)
    t, query = np.array([0, 0, 0, 0, 1, 1.5, 3, 3, 3, 3.0]), np.array([0.5, 2.2])
    found = vjp(lambda y: ours.make_lsq_spline(x, y, t, 3, w)(query), y)[0]
    np.testing.assert_allclose(found, scipy.interpolate.make_lsq_spline(x, y, t, 3, w)(query))
    check_grads(lambda x, y, w: ours.make_lsq_spline(x, y, t, 3, w)(query), x, y, w, order=1)
    found = vjp(lambda y: ours.make_smoothing_spline(x, y, lam=0.3)(query), y)[0]
    np.testing.assert_allclose(found, scipy.interpolate.make_smoothing_spline(x, y, lam=0.3)(query))
    check_grads(lambda y: ours.make_smoothing_spline(x, y, lam=0.3)(query), y, order=1)
    with pytest.raises(TypeError, match="lam=None"):
        grad(lambda y: ours.make_smoothing_spline(x, y)(1.0))(y)


KINDS = ["linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", 5]
FILLS = [{}, {"fill_value": "extrapolate"}, {"bounds_error": False}, {"bounds_error": False, "fill_value": (1.0, 2.0)}]


@pytest.mark.parametrize("kind", KINDS)
def test_interp1d(kind):
    x, y = np.cumsum(rng.uniform(0.5, 1.5, 6)), rng.normal(size=(2, 6, 3))
    inside = np.array([x[0] + 0.1, 2.9, x[-1] - 0.3])
    for keywords in FILLS:
        query = np.append(inside, [x[0] - 0.5, x[-1] + 0.7, np.nan]) if keywords else inside
        expected = scipy.interpolate.interp1d(x, y, kind, axis=1, **keywords)(query)
        plain = ours.interp1d(x, y, kind, axis=1, **keywords)
        np.testing.assert_array_equal(plain(query), expected)
        found = jit(lambda y, q, kw=keywords: ours.interp1d(x, y, kind, axis=1, **kw)(q))(y, query)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(vjp(plain, query)[0], expected, rtol=1e-9, atol=1e-9)
    check_grads(lambda x, y, q: ours.interp1d(x[::-1], y[:, ::-1], kind, axis=1)(q), x, y, inside, order=1)
    with pytest.raises(ValueError, match="outside the interpolation range"):
        grad(lambda y: ours.interp1d(x, y, kind)(99.0))(y[0, :, 0])


GRID = [np.cumsum(rng.uniform(0.5, 1.5, n)) for n in (7, 6)]
VALUES = rng.normal(size=(7, 6, 2))
POINTS = np.stack([rng.uniform(x[0], x[-1], 5) for x in GRID], -1)


@pytest.mark.parametrize("method", ["linear", "nearest", "slinear", "cubic", "quintic", "pchip"])
def test_regular_grids(method):
    # SciPy iterates for the coefficients of splines
    exact = {"solver_args": {"atol": 1e-13, "rtol": 1e-13}} if method in ("slinear", "cubic", "quintic") else {}
    expected = scipy.interpolate.RegularGridInterpolator(GRID, VALUES, method, **exact)(POINTS)

    def function(values, points, *grid):
        return ours.RegularGridInterpolator(grid, values, method)(points)

    np.testing.assert_allclose(jit(function)(VALUES, POINTS, *GRID), expected, rtol=1e-8, atol=1e-9)
    flipped = vjp(lambda p: ours.interpn((GRID[0][::-1], GRID[1]), VALUES[::-1], p, method), POINTS)[0]
    np.testing.assert_allclose(flipped, expected, rtol=1e-8, atol=1e-9)
    plain = ours.RegularGridInterpolator(GRID, VALUES, method, **exact)
    check_grads(lambda p: anp.sum(plain(p[:2]) ** 2), POINTS, order=1)
    gradients = grad(lambda *args: anp.sum(function(*args) ** 2), argnums=(0, 1, 2, 3))(VALUES, POINTS, *GRID)
    step = 1e-6
    for number, gradient in enumerate(gradients):
        args, direction = [VALUES, POINTS, *GRID], rng.normal(size=gradient.shape)
        up, down = ([*args[:number], args[number] + s * direction, *args[number + 1 :]] for s in (step, -step))
        up, down = (jit(lambda *a: anp.sum(function(*a) ** 2))(*each) for each in (up, down))
        np.testing.assert_allclose(np.sum(gradient * direction), (up - down) / (2 * step), rtol=1e-5, atol=1e-6)
    if exact:
        reference = scipy.interpolate.RegularGridInterpolator(GRID, VALUES, method, **exact)
        for nu in ((1, 1), (2, 0), (0, 3))[: 1 if method == "slinear" else 3]:
            found = vjp(lambda p, nu=nu: plain(p, nu=nu), POINTS)[0]
            np.testing.assert_allclose(found, reference(POINTS, nu=nu), rtol=1e-6, atol=1e-7)


def test_outside_of_grids():
    points = np.array([[GRID[0][0] - 1, GRID[1][1] + 0.1], [GRID[0][2] + 0.1, np.nan], [2.0, 2.0]])
    for fill_value in (None, np.nan, 3.0):
        args = GRID, VALUES, "linear", False, fill_value
        expected = scipy.interpolate.RegularGridInterpolator(*args)(points)
        np.testing.assert_allclose(vjp(ours.RegularGridInterpolator(*args), points)[0], expected)
    with pytest.raises(ValueError, match="out of bounds in dimension 0"):
        vjp(ours.RegularGridInterpolator(GRID, VALUES), points)
    found = vmap(ours.RegularGridInterpolator(GRID, VALUES))(POINTS)
    np.testing.assert_allclose(found[:, 0], ours.interpn(GRID, VALUES, POINTS))
    spline = ours.make_interp_spline(GRID[0], VALUES[:, 0])
    np.testing.assert_allclose(vmap(spline)(POINTS[:, 0]), spline(POINTS[:, 0]))
    np.testing.assert_allclose(vmap(ours.interp1d(GRID[0], VALUES[:, 0, 0]))(POINTS[:, :1])[:, 0],
                               ours.interp1d(GRID[0], VALUES[:, 0, 0])(POINTS[:, 0]))


def test_forms_of_places_on_grids():
    """A tuple of numbers is one place, of which the answer is a number; a list of them, an array of one place."""
    grid, values = (np.arange(4.0), np.arange(5.0) ** 1.2), rng.normal(size=(4, 5))
    for method in ("linear", "nearest", "pchip"):
        theirs = scipy.interpolate.RegularGridInterpolator(grid, values, method)
        for form in (lambda a, b: (a, b), lambda a, b: [a, b], lambda a, b: [[a, b], [b, b]]):
            def value(a, form=form, method=method):
                return ours.RegularGridInterpolator(grid, values, method)(form(a, 1.3))

            expected, found = theirs(form(2.2, 1.3)), vjp(value, 2.2)[0]
            assert np.shape(found) == np.shape(expected)
            np.testing.assert_allclose(found, expected, rtol=1e-12)
            single = ours.RegularGridInterpolator(grid, values.astype(np.float32), method)
            if method != "linear":
                assert vjp(single, np.array([[2.2, 1.3]]))[0].dtype == np.float32
        queries = rng.uniform(0.1, 2.9, size=(3, 2, 2))
        np.testing.assert_allclose(vmap(ours.RegularGridInterpolator(grid, values, method))(queries), theirs(queries))
    with pytest.raises(ValueError, match="out of bounds in dimension 1"):
        grad(lambda q: ours.RegularGridInterpolator(grid, values)(q)[0])(np.array([1.0, np.nan]))
    short = ours.RegularGridInterpolator((grid[0][:1], grid[1]), values[:1], bounds_error=False, fill_value=None)
    np.testing.assert_allclose(grad(lambda q: short(q)[0])(np.array([0.3, 1.5])),
                               [0.0, (values[0, 2] - values[0, 1]) / (grid[1][2] - 1)])


def test_steps_keep_float32():
    y = rng.normal(size=4).astype(np.float32)
    for kind in ("nearest", "previous", "next"):
        assert vjp(lambda y, how=kind: ours.interp1d(np.arange(4.0), y, how)([0.3, 2.9]), y)[0].dtype == np.float32


def test_repeated_knots_have_no_derivative():
    t, c = np.array([0.0, 0, 0, 1, 1, 2, 2, 2]), np.arange(5.0)
    with pytest.raises(ValueError, match="not differentiable 2 times"):
        grad(lambda c: ours.BSpline(t, c, 2).derivative(2)(0.5))(c)
    with pytest.raises(ValueError, match="too few"):
        grad(lambda y: ours.make_lsq_spline(np.arange(9.0), y, np.arange(5.0))(0.5))(np.arange(9.0))


def test_changed_splines_are_seen_by_compiled_functions():
    """A spline that a compiled function reads from outside may get other coefficients, and a grid other values."""
    x, y = np.arange(6.0), rng.normal(size=6)
    for spline in (ours.CubicSpline(x, y), ours.make_interp_spline(x, y), ours.PPoly(y[None, :5], x)):
        compiled = jit(lambda q, s=spline: s(q))
        compiled(1.3)
        spline.c = 3 * spline.c
        np.testing.assert_allclose(compiled(1.3), spline(1.3))
        spline.c[...] = 0.5
        np.testing.assert_allclose(compiled(1.3), spline(1.3))
    values = rng.normal(size=6)
    grid = ours.RegularGridInterpolator((x,), values)
    compiled = jit(grad(lambda q: grid(q)[0]))
    compiled(np.array([1.3]))
    values *= 2
    np.testing.assert_allclose(compiled(np.array([1.3])), values[2:3] - values[1:2])


def test_interp1d_has_its_own_data():
    x, y = np.arange(6.0), rng.normal(size=6)
    own, krogh, expected = ours.interp1d(x, y), ours.KroghInterpolator(x, y), y[1] + 0.25 * (y[2] - y[1])
    polynomial = krogh(1.25)
    y[:] = 0
    np.testing.assert_allclose(vjp(own, 1.25)[0], expected)
    np.testing.assert_allclose(vjp(krogh, 1.25)[0], polynomial)
    own.bounds_error, own.fill_value = False, 3.0
    assert vjp(own, 9.0)[0] == 3


@pytest.mark.parametrize("make", [
    lambda x, y: ours.CubicSpline(x, y), lambda x, y: ours.make_interp_spline(x, y),
    lambda x, y: ours.PPoly(y[None, :5], x), lambda x, y: ours.BPoly(y[None, :5], x),
], ids="CubicSpline BSpline PPoly BPoly".split())
def test_copies_and_changes_of_splines(make):
    """A spline is one where its data were set, or came out of a gradient, whatever object SciPy keeps them in."""
    spline = make(np.arange(6.0), rng.normal(size=6))
    value = spline(1.3)
    for copied in (pickle.loads(pickle.dumps(spline)), copy.deepcopy(spline)):
        np.testing.assert_array_equal(copied(1.3), value)
        assert copied.axis == 0 and copied.extrapolate == spline.extrapolate
    gradient = grad(lambda s: s(1.3))(spline)
    np.testing.assert_allclose(np.sum(gradient.c * spline.c), value)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(gradient)).c, gradient.c)
    spline.c = 2 * spline.c
    np.testing.assert_allclose(spline(1.3), 2 * value)
    np.testing.assert_allclose(copy.copy(spline)(1.3), 2 * value)
    np.testing.assert_allclose(grad(spline)(1.3), spline.derivative()(1.3))
    doubled = tree_map(lambda leaf: 2 * leaf, gradient)
    doubled.c[...] = 1.0
    assert np.shape(doubled(np.array([0.5, 1.5]))) == (2,)
    assert not hasattr(spline, "no_such_name")
