"""Convolutions and correlations of ``scipy.signal``, in every mode."""

from __future__ import annotations

from scipy_table import scipy_row, traced

import numpy as np
import pytest
import scipy.signal

from autodiff_trace import grad, jvp, vjp, vmap
from autodiff_trace import numpy as anp
from table import complex_rows, table_test

rng = np.random.default_rng(0)
x, y, image, kernel = rng.normal(size=6), rng.normal(size=3), rng.normal(size=(3, 5)), rng.normal(size=(2, 3))

ROWS = [
    *[scipy_row(f"signal.{name}", x, y) for name in ("convolve", "correlate", "fftconvolve", "oaconvolve")],
    *[scipy_row("signal.convolve", x, y, mode=mode, method=method)
      for mode in ("full", "same", "valid") for method in ("direct", "fft")],
    scipy_row("signal.convolve", y, x, mode="valid"),
    scipy_row("signal.correlate", image, kernel, mode="same"),
    scipy_row("signal.fftconvolve", image, kernel, mode="valid"),
    scipy_row("signal.fftconvolve", image, kernel[:1], mode="same", axes=1),
    scipy_row("signal.oaconvolve", kernel, image, mode="same"),
    *[scipy_row(f"signal.{name}", image, kernel, mode=mode, boundary=boundary)
      for name in ("convolve2d", "correlate2d") for mode in ("full", "same") for boundary in ("fill", "wrap", "symm")],
    scipy_row("signal.convolve2d", kernel, image, mode="valid"),
    scipy_row("signal.correlate2d", image, kernel, mode="same", fillvalue=1.5),
]

test_convolutions = table_test([*ROWS, *complex_rows(ROWS)])

SHAPES = [
    ((1,), (1,)), ((5,), (1,)), ((1,), (4,)), ((5,), (2,)), ((3,), (6,)), ((6,), (6,)), ((), ()), ((3, 4), (2, 2)),
    ((2, 3), (3, 4)), ((4, 1), (1, 3)), ((2, 3, 2), (2, 2, 1)),
]


@pytest.mark.parametrize("name", ["convolve", "correlate", "convolve2d", "correlate2d", "fftconvolve", "oaconvolve"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_all_shapes(name, mode):
    """Values and derivatives, or the error, of even, odd and equal lengths, and of what is longer than the signal."""
    function, ours = getattr(scipy.signal, name), getattr(traced.signal, name)
    for left, right in SHAPES:
        if "2d" in name and len(left) != 2:
            continue
        x, y = rng.normal(size=left), rng.normal(size=right)
        try:
            expected = function(x, y, mode)
        except ValueError:
            with pytest.raises(ValueError):
                vjp(lambda x, y: ours(x, y, mode), x, y)
            continue
        value, pull = vjp(lambda x, y: ours(x, y, mode), x, y)
        assert value.shape == expected.shape
        np.testing.assert_allclose(value, expected, atol=1e-12)
        g, dx, dy = rng.normal(size=expected.shape), rng.normal(size=left), rng.normal(size=right)
        tangent = jvp(lambda x, y: ours(x, y, mode), (x, y), (dx, dy))[1]
        np.testing.assert_allclose(tangent, function(dx, y, mode) + function(x, dy, mode), atol=1e-12)
        gx, gy = pull(g)
        np.testing.assert_allclose(np.sum(gx * dx) + np.sum(gy * dy), np.sum(g * tangent), atol=1e-12)


def test_batches_of_signals_and_kernels():
    xs, ys = rng.normal(size=(3, 8)), rng.normal(size=(3, 3))
    for mode in ("full", "same", "valid"):
        for name in ("convolve", "fftconvolve"):
            function = getattr(traced.signal, name)
            found = vmap(lambda x, y: function(x, y, mode))(xs, ys)
            np.testing.assert_allclose(found, [function(*pair, mode) for pair in zip(xs, ys)])
            found = vmap(lambda y: function(xs[0], y, mode))(ys)
            np.testing.assert_allclose(found, [function(xs[0], y, mode) for y in ys])


def test_long_signals_take_transforms():
    """10⁵ by 10⁵ in less than the hours that sums would take, in float32 too."""
    signal = np.ones(100_000, np.float32)
    gradient = grad(lambda x: anp.sum(traced.signal.convolve(x, signal, "same")))(signal)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient[50_000], 100_000, rtol=1e-4)


def test_empty_signals():
    assert grad(lambda x: traced.signal.fftconvolve(x, y).sum())(np.zeros(0)).shape == (0,)
