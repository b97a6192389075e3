"""Filters and transformations of ``scipy.ndimage``: against SciPy's own matrices, and in every mode."""

from __future__ import annotations

from scipy_table import scipy_row, traced

import inspect

import numpy as np
import pytest
import scipy.ndimage

from autodiff_trace import grad, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads
from table import complex_rows, table_test

rng = np.random.default_rng(0)
ours = traced.ndimage
line, image, cube = rng.normal(size=5), rng.normal(size=(4, 3)), rng.normal(size=(2, 4, 3))
w1, w2 = rng.normal(size=3), rng.normal(size=(2, 3))
PLACES = rng.uniform(-1, 4, (2, 5))

ROWS = [
    scipy_row("ndimage.correlate1d", image, w1, axis=0, origin=1),
    scipy_row("ndimage.convolve1d", cube, w1[:2], mode="wrap"),
    scipy_row("ndimage.correlate", image, w2, mode="mirror"),
    scipy_row("ndimage.convolve", image, w2, mode="constant", cval=0.7),
]
SMOOTHING_ROWS = [
    scipy_row("ndimage.gaussian_filter", image, sigma=0.6),
    scipy_row("ndimage.gaussian_filter1d", image, 0.6, axis=0, mode="nearest", radius=2),
    scipy_row("ndimage.gaussian_laplace", image, sigma=(0.6, 0.4)),
    scipy_row("ndimage.gaussian_gradient_magnitude", image, sigma=0.6),
    scipy_row("ndimage.uniform_filter", image, size=(2, 3), mode="mirror"),
    scipy_row("ndimage.uniform_filter1d", image, size=2, origin=-1),
    scipy_row("ndimage.laplace", cube), scipy_row("ndimage.prewitt", image), scipy_row("ndimage.sobel", cube, axis=1),
]
SPECTRAL_ROWS = [
    scipy_row("ndimage.fourier_gaussian", image + 1j, sigma=1.2), scipy_row("ndimage.fourier_uniform", image, size=2),
    scipy_row("ndimage.fourier_ellipsoid", image, size=2.0), scipy_row("ndimage.fourier_shift", image, shift=1.5),
    scipy_row("ndimage.sum", image), scipy_row("ndimage.sum_labels", image),
]
SPLINE_ROWS = [
    scipy_row("ndimage.spline_filter1d", image, axis=0, skip=("float32",)),
    scipy_row("ndimage.spline_filter", image, mode="reflect", skip=("float32",)),
    scipy_row("ndimage.map_coordinates", image, PLACES, mode="mirror"),
    scipy_row("ndimage.map_coordinates", image, PLACES, mode="constant", cval=0.5, prefilter=False),
    scipy_row("ndimage.affine_transform", image, np.array([[0.9, 0.2], [-0.1, 1.1]]), np.array([0.3, -0.4]),
              mode="reflect"),
    scipy_row("ndimage.shift", image, np.array([0.3, -0.7]), mode="nearest"),
    scipy_row("ndimage.zoom", image, zoom=(1.5, 2)),
    # In float32 places that differ by a rounding are on the other side of an edge
    scipy_row("ndimage.rotate", cube, np.array(20.0), axes=(1, 2), mode="wrap", skip=("batched", "float32")),
]

test_correlations = table_test([*ROWS, *complex_rows(ROWS)])
test_smoothing = table_test(SMOOTHING_ROWS)
test_spectra = table_test(SPECTRAL_ROWS)
test_splines = table_test(SPLINE_ROWS)

MODES = ["reflect", "constant", "nearest", "mirror", "wrap", "grid-wrap", "grid-mirror", "grid-constant"]


def check_transpose(function, plain, x):
    """The value is SciPy's, and the pullback the transpose of SciPy's own matrix."""
    value, pull = vjp(function, x)
    zero = plain(np.zeros(x.shape))
    np.testing.assert_allclose(value, plain(x), atol=1e-12)
    matrix = np.array([np.ravel(plain(row.reshape(x.shape)) - zero) for row in np.eye(x.size)])
    pulled = np.array([np.ravel(pull(row.reshape(value.shape))[0]) for row in np.eye(value.size)]).T
    np.testing.assert_allclose(pulled, matrix, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_boundaries_of_filters(mode):
    """Filters shorter and longer than the signal, with all origins."""
    for size in (1, 2, 5):
        x = rng.normal(size=size)
        for length in (1, 2, 3, 4, 9):
            weights = rng.normal(size=length)
            for origin in {-(length // 2), 0, (length - 1) // 2}:
                options = {"mode": mode, "cval": 1.3, "origin": origin}
                check_transpose(lambda x, w=weights, o=options: ours.correlate1d(x, w, **o),
                                lambda x, w=weights, o=options: scipy.ndimage.correlate1d(x, w, **o), x)
                check_transpose(lambda x, n=length, o=options: ours.uniform_filter1d(x, n, **o),
                                lambda x, n=length, o=options: scipy.ndimage.uniform_filter1d(x, n, **o), x)
    check_grads(lambda x, w: ours.convolve(x, w, mode=mode, cval=0.4), image, rng.normal(size=(5, 2)), order=1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", range(6))
def test_boundaries_of_splines(mode, order):
    for shape in ((1,), (2,), (4, 3)):
        x = rng.normal(size=shape)
        places = np.stack([rng.uniform(-2.3 * n - 1, 3.3 * n + 1, 6) for n in shape])
        for prefilter in (True, False):
            options = {"order": order, "mode": mode, "cval": 0.7, "prefilter": prefilter}
            check_transpose(lambda x, q=places, o=options: ours.map_coordinates(x, q, **o),
                            lambda x, q=places, o=options: scipy.ndimage.map_coordinates(x, q, **o), x)
        check_grads(lambda q, x=x: ours.map_coordinates(x, q, order=order, mode=mode, cval=0.7), places, order=1)


def test_widths_of_gaussians():
    check_grads(lambda x, s: ours.gaussian_filter(x, s, order=1), image, np.array([0.7, 1.1]), order=2)
    check_grads(lambda s: ours.gaussian_laplace(image, s), 0.8, order=1)
    assert grad(lambda s: anp.sum(ours.gaussian_gradient_magnitude(np.ones((3, 3)), s)))(0.5) == 0


def test_axes_and_batches():
    cube_weights = rng.normal(size=(3, 2))
    if "axes" in inspect.signature(scipy.ndimage.correlate).parameters:
        check_transpose(lambda x: ours.correlate(x, cube_weights, axes=(2, 1)),
                        lambda x: scipy.ndimage.correlate(x, cube_weights, axes=(2, 1)), cube)
    check_transpose(lambda x: ours.gaussian_filter(x, 0.8, axes=1),
                    lambda x: scipy.ndimage.gaussian_filter(x, 0.8, axes=1), cube)
    np.testing.assert_allclose(vmap(lambda x: ours.gaussian_filter(x, 0.8))(cube),
                               [scipy.ndimage.gaussian_filter(each, 0.8) for each in cube])
    at = rng.uniform(0, 2, (3, 2, 4))
    np.testing.assert_allclose(vmap(lambda q: ours.map_coordinates(image, q))(at),
                               [scipy.ndimage.map_coordinates(image, q) for q in at])


def test_float32_images_stay():
    small = image.astype(np.float32)
    for function in (lambda x: ours.gaussian_filter(x, 0.7), lambda x: ours.map_coordinates(x, PLACES)):
        assert vjp(function, small)[0].dtype == grad(lambda x, f=function: anp.sum(f(x)))(small).dtype == np.float32


def test_what_ndimage_refuses():
    with pytest.raises(TypeError, match="cval= has to be a plain value"):
        grad(lambda c: ours.correlate1d(line, w1, cval=c)[0])(1.0)
    with pytest.raises(TypeError, match="zoom= has to be a plain value"):
        grad(lambda z: ours.zoom(line, z)[0])(1.5)
    with pytest.raises(TypeError, match="generic_filter is not there for traced values"):
        grad(lambda x: ours.generic_filter(x, np.mean, 3)[0])(line)
    with pytest.raises(RuntimeError, match="boundary mode"):
        grad(lambda x: ours.correlate1d(x, w1, mode="odd")[0])(line)


def test_steps():
    """Labels, distances and places are constants to derivatives."""
    for function in (
        lambda x: x * ours.label(x > 0)[0], lambda x: x * ours.distance_transform_edt(x > 0),
        lambda x: x[ours.maximum_position(x)],
    ):
        found = grad(lambda x, f=function: anp.sum(f(x)))(image)
        step = np.full(image.shape, 1e-6)
        np.testing.assert_allclose(np.sum(found) * 1e-6, np.sum(function(image + step)) - np.sum(function(image)))


def test_functions_of_the_user():
    """A parameter that SciPy calls ``function`` is the user's, and not the one that is called."""
    np.testing.assert_array_equal(ours.generic_filter(line, np.mean, 3), scipy.ndimage.generic_filter(line, np.mean, 3))


def test_empty_images():
    empty = np.zeros((0, 3))
    for smooth in (lambda x, w: ours.gaussian_filter(x, w[0] + 2), lambda x, w: ours.uniform_filter(x, 3) * w[0],
                   lambda x, w: ours.correlate1d(x, w, 0)):
        gradients = vjp(smooth, empty, w1)[1](empty)
        np.testing.assert_array_equal(gradients[0], empty)
        np.testing.assert_array_equal(gradients[1], np.zeros(3))


def test_complex_images_are_sampled_quietly():
    expected = scipy.ndimage.map_coordinates(image + 1j * image[::-1], PLACES, mode="mirror")
    found = vjp(lambda x: ours.map_coordinates(x, PLACES, mode="mirror"), image + 1j * image[::-1])[0]
    np.testing.assert_allclose(found, expected)
