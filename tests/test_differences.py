"""Differences of neighbours, integrals and interpolation."""

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, jit, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


x34 = normal(3, 4)
places = np.array([0.0, 0.7, 1.5, 3.1])
z = normal(4) + 1j * normal(4)
knots = np.array([0.0, 1.0, 2.5, 3.0])
heights = np.array([1.0, -1.0, 0.5, 2.0])
points = np.array([[0.3, 1.7, 2.8], [-1.3, 4.6, 0.7]])

ROWS = [
    row("diff", normal(5)),
    row("diff", x34),
    row("diff", x34, n=2, axis=0),
    row("diff", x34, n=0),
    row("diff", x34, n=7),
    row("diff", x34, axis=0, prepend=0.0),
    row("diff", x34, axis=-1, prepend=normal(3, 2), append=1.0),
    row("diff", z, n=2),
    row("diff", normal(1)),
    row("diff", normal(6, 8)[::2, ::-2], axis=0),
    row("ediff1d", normal(5)),
    row("ediff1d", x34),
    row("ediff1d", normal(3), to_end=np.array([1.0, 2.0]), to_begin=5.0),
    row("ediff1d", z),
    row("gradient", normal(5)),
    row("gradient", normal(2)),
    row("gradient", x34),
    row("gradient", x34, 0.5),
    row("gradient", x34, axis=-1),
    row("gradient", x34, axis=(1, 0)),
    row("gradient", x34, axis=0, edge_order=2),
    row("gradient", normal(4), np.float64(0.5)),
    row("gradient", normal(4), places),
    row("gradient", normal(4), places, edge_order=2),
    row("gradient", x34, np.array([0.0, 1.0, 3.0]), places, edge_order=2),
    row("gradient", x34, np.float64(2.0), places),
    row("gradient", x34, places, axis=1),
    row("gradient", z, places),
    row("gradient", normal(4), np.array([0.0, 1.0, 2.0, 3.0])),
    row("trapezoid", normal(5)),
    row("trapezoid", x34),
    row("trapezoid", x34, dx=0.5, axis=0),
    row("trapezoid", x34, places),
    row("trapezoid", x34, np.array([0.0, 1.0, 3.0]), axis=0),
    row("trapezoid", x34, normal(3, 4), axis=-1),
    row("trapezoid", x34, normal(4)[::-1]),
    row("trapezoid", z, places),
    row("interp", points, knots, heights),
    row("interp", np.float64(1.2), knots, heights),
    row("interp", points, knots, heights, left=7.0, right=-7.0),
    row("interp", points, knots, heights[[0, 1, 2, 0]], period=4.0),
    row("interp", points, np.array([0.5, 7.0, 2.0, 1.1]), heights, period=3.0),
    row("interp", points, knots, z),
    row("interp", points, np.array([1.2]), np.array([2.0])),
    row("interp", np.zeros(0), knots, heights),
]

test_differences = table_test(ROWS)


TRACED_KEYWORDS = [
    (lambda x, a, b: anp.diff(x, axis=1, prepend=a, append=b), x34, normal(3, 2), np.float64(0.5)),
    (lambda x, a, b: anp.ediff1d(x, to_begin=a, to_end=b), x34, normal(2), np.float64(0.5)),
    (lambda x, dx: anp.trapezoid(x, dx=dx), x34, np.float64(0.5)),
    (lambda x, d: anp.gradient(x, d), x34, np.float64(0.5)),
    (lambda x, a, b: anp.interp(x, knots, heights, left=a, right=b), points, np.float64(0.5), np.float64(2.0)),
    (lambda x, xp, p: anp.interp(x, xp, heights, period=p), points, knots, np.float64(4.0)),
]


@pytest.mark.parametrize("case", range(len(TRACED_KEYWORDS)))
def test_traced_keywords(case):
    check_grads(*TRACED_KEYWORDS[case])


def test_interp_between_points():
    args = 1.5, np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])
    assert grad(anp.interp, 0)(*args) == 3
    assert grad(anp.interp, 1)(*args).tolist() == [0.0, -1.5, -1.5]
    assert grad(anp.interp, 2)(*args).tolist() == [0.0, 0.5, 0.5]


def test_interp_at_points_ends_and_jumps():
    slopes = grad(lambda x: anp.interp(x, [0.0, 1.0, 2.0], [0.0, 1.0, 4.0]))
    assert slopes(np.array([-1.0, 0.0, 1.0, 2.0, 3.0, np.inf])).tolist() == [0.0, 1.0, 3.0, 3.0, 0.0, 0.0]
    value = anp.interp(np.array([0.5, 1.0, 2.0]), [0.0, 1.0, 1.0, 2.0, 2.0], [0.0, 1.0, 3.0, 4.0, 5.0])
    traced = grad(lambda s: anp.sum(anp.interp(s * np.array([0.5, 1.0, 2.0]), [0.0, 1.0, 1.0, 2.0, 2.0],
                                               [0.0, 1.0, 3.0, 4.0, 5.0]) * [1, 0, 0]))(1.0)
    assert value.tolist() == [0.5, 3.0, 5.0] and traced == 0.5


def test_interp_of_integers():
    assert grad(lambda fp: anp.interp(1, [0, 2], fp))(np.array([3.0, 4.0])).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: anp.diff(x, n=-1),
        lambda x: anp.diff(x[0]),
        lambda x: anp.gradient(x, edge_order=3),
        lambda x: anp.gradient(x[:1]),
        lambda x: anp.gradient(x, x, axis=()),
        lambda x: anp.interp(x, [0.0, 1.0], [0.0]),
        lambda x: anp.interp(x, [0.0, 1.0], [0.0, 1.0], period=0),
    ],
)
def test_refused(call):
    with pytest.raises((ValueError, TypeError)):
        grad(call)(np.array([1.0, 2.0]))




def test_differences_of_booleans_say_where_they_change():
    x = np.array([[1.0, 3.0, 2.0, 0.5], [0.0, 1.0, 0.0, 3.0]])
    for n in (1, 2):
        expected = np.diff(x > 1.5, n)
        assert expected.dtype == bool
        np.testing.assert_array_equal(vmap(lambda row: np.diff(row > 1.5, n))(x), expected)
        np.testing.assert_array_equal(jit(lambda x: anp.diff(x > 1.5, n))(x), expected)
        found = grad(lambda x: anp.sum(anp.diff(x > 1.5, n) * x[:, n:]))(x)
        np.testing.assert_array_equal(found[:, n:], expected)


@pytest.mark.parametrize(
    "fp", [[1.0, np.inf, 2.0], [np.inf, np.inf, 1.0], [-np.inf, 3.0, np.inf], [np.inf, -np.inf, 0.0]]
)
def test_interp_between_infinite_values(fp):
    x = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0])
    _, value = grad(lambda x: (lambda y: (y[0], y))(anp.interp(x, [0.0, 1.0, 2.0], fp)), has_aux=True)(x)
    np.testing.assert_array_equal(value, np.interp(x, [0.0, 1.0, 2.0], fp))
