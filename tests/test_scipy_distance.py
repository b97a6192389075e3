"""``scipy.spatial``: distances."""

import numpy as np
import pytest
from scipy_table import scipy_row

from table import table_test

from autodiff_trace import grad, hessian, scipy
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
distance = scipy.spatial.distance


def normal(*shape):
    return rng.normal(size=shape)


def positive(*shape):
    return rng.uniform(0.2, 1, size=shape)


U, V, W = normal(4), normal(4), positive(4)
NAMES = ["euclidean", "sqeuclidean", "cityblock", "chebyshev", "canberra", "braycurtis", "cosine", "correlation"]
VI = np.eye(3) + normal(3, 3) / 5

PAIRS = [
    *[scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3), metric=name) for name in NAMES],
    *[scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3), metric=name, w=W[:3]) for name in NAMES[:4]],
    scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3)),
    scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3), metric="minkowski", p=3),
    scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3), metric="minkowski", p=1.5, w=positive(3)),
    scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3), metric="seuclidean"),
    scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3), metric="seuclidean", V=positive(3)),
    scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3), metric="mahalanobis"),
    scipy_row("spatial.distance.cdist", normal(4, 3), normal(2, 3), metric="mahalanobis", VI=VI @ VI.T),
    scipy_row("spatial.distance.cdist", positive(4, 3), positive(2, 3), metric="jensenshannon"),
    *[scipy_row("spatial.distance.pdist", positive(4, 3), metric=name) for name in NAMES],
    scipy_row("spatial.distance.pdist", normal(5, 3), metric="mahalanobis"),
    scipy_row("spatial.distance.pdist", normal(5, 3), metric="seuclidean"),
    scipy_row("spatial.distance.squareform", normal(6)),
    scipy_row("spatial.distance.squareform", distance.squareform(normal(6)), checks=False),
    scipy_row("spatial.distance.directed_hausdorff", normal(4, 2), 3 + normal(3, 2), skip=("float32",)),
    scipy_row("spatial.distance_matrix", normal(4, 3), normal(2, 3)),
    scipy_row("spatial.distance_matrix", normal(4, 3), normal(2, 3), p=1),
    scipy_row("spatial.minkowski_distance", normal(4, 3), normal(3), p=3),
    scipy_row("spatial.minkowski_distance_p", normal(4, 3), normal(3), p=3),
    scipy_row("spatial.procrustes", normal(5, 3), normal(5, 3)),
]
VECTORS = [
    *[scipy_row(f"spatial.distance.{name}", U, V) for name in NAMES],
    *[scipy_row(f"spatial.distance.{name}", U, V, w=W) for name in NAMES],
    scipy_row("spatial.distance.jensenshannon", positive(4), positive(4), 2.0),
    scipy_row("spatial.distance.jensenshannon", positive(3, 4), positive(3, 4), axis=1, keepdims=True),
    scipy_row("spatial.distance.mahalanobis", U[:3], V[:3], VI @ VI.T),
    scipy_row("spatial.distance.minkowski", U, V, p=3.0),
    scipy_row("spatial.distance.minkowski", U, V, 3.0, W),
    scipy_row("spatial.distance.seuclidean", U, V, W),
]

test_pairs = table_test(PAIRS)
test_vectors = table_test(VECTORS)


@pytest.mark.parametrize("name", [*NAMES[:5], "minkowski", "seuclidean", "mahalanobis", "jensenshannon"])
def test_points_that_coincide(name):
    x = positive(4, 3)
    x[2] = x[0]
    keywords = {"minkowski": {"p": 3}, "seuclidean": {"V": np.ones(3)}, "mahalanobis": {"VI": np.eye(3)}}.get(name, {})

    def nearest(x):
        return distance.pdist(x, name, **keywords)[1]  # of rows 0 and 2

    assert nearest(x) == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(grad(nearest)(x), 0, atol=1e-8)
    assert np.all(np.isfinite(grad(lambda x: anp.sum(distance.cdist(x, x, name, **keywords)))(x)))
    if name != "sqeuclidean":
        np.testing.assert_allclose(hessian(nearest)(x), 0, atol=1e-8)


def test_points_that_are_close_keep_their_digits():
    x = 1e6 + np.array([[0.0, 0.0], [1e-7, 2e-7], [3.0, 4.0]])
    slope = grad(lambda x: distance.cdist(x, x)[0, 1])(x)
    expected = (x[0] - x[1]) / np.linalg.norm(x[0] - x[1])
    np.testing.assert_allclose(slope[0], expected, rtol=1e-12)
    check_grads(lambda x: distance.pdist(x), normal(3, 2) + 1e3, order=2, tolerance=1e-4)


def test_metrics_of_ones_own_and_those_without_a_derivative():
    def squares(u, v):
        return anp.sum((u - v) ** 2)

    x, y = normal(3, 2), normal(2, 2)
    np.testing.assert_allclose(
        grad(lambda x: anp.sum(distance.cdist(x, y, squares)))(x),
        grad(lambda x: anp.sum(distance.cdist(x, y, "sqeuclidean")))(x),
    )
    with pytest.raises(TypeError, match="hamming.*has no derivative"):
        grad(lambda x: anp.sum(distance.cdist(x, y, "hamming")))(x)
    np.testing.assert_allclose(distance.cdist(x, y, "hamming"), 1.0)
    assert np.all(grad(lambda p: anp.sum(distance.cdist(x, y, "minkowski", p=p)))(3.0) < 0)
    assert scipy.spatial.KDTree(x).n == 3


@pytest.mark.parametrize("x", [[1.0, 2.0, 0.5], [2.0, 4.0, 1.0]])
def test_rounding_that_is_cut_off_takes_no_curvature_with_it(x):
    y = np.array([[1.0, 2.0, 0.5]])

    def plain(x):
        return 1 - x @ y[0] / anp.sqrt(x @ x) / np.sqrt(y[0] @ y[0])

    found = hessian(lambda x: scipy.spatial.distance.cdist(x[None], y, "cosine")[0, 0])(np.array(x))
    np.testing.assert_allclose(found, hessian(plain)(np.array(x)), atol=1e-12)


def test_weights_of_zero():
    weight = np.array([1.0, 0.0, 2.0, 0.5])
    for name, params in (("euclidean", {}), ("minkowski", {"p": 3}), ("minkowski", {"p": 1.5})):
        slope = grad(lambda w, name=name, params=params: getattr(distance, name)(U, V, w=w, **params))(weight)
        p = params.get("p", 2)
        size = getattr(distance, name)(U, V, w=weight, **params)
        np.testing.assert_allclose(slope, np.abs(U - V) ** p / p * size ** (1 - p))


def test_no_points():
    assert not grad(lambda x: anp.sum(distance.cdist(x, np.zeros((0, 2)))))(np.ones((3, 2))).any()
    assert grad(lambda y: anp.sum(distance.cdist(np.ones((3, 2)), y)))(np.ones((0, 2))).shape == (0, 2)


def test_pairs_that_are_left_out():
    # a point at infinity, whose distances are not taken, leaves the others their derivatives
    x, y = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 1.0], [np.inf, 1.0], [3.0, 4.0]])
    keep = np.array([True, False, True])
    for metric in ("euclidean", "sqeuclidean"):
        left_out = grad(lambda x, m=metric: anp.sum(anp.where(keep, distance.cdist(x, y, m), 0)))(x)
        np.testing.assert_allclose(left_out, grad(lambda x, m=metric: anp.sum(distance.cdist(x, y[keep], m)))(x))


def test_hausdorff_distance_of_zero():
    assert not grad(lambda u: distance.directed_hausdorff(u, np.ones((2, 2)))[0])(np.ones((2, 2))).any()
