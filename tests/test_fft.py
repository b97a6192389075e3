"""Fourier transforms."""

import warnings

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, jacobian, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def cnormal(*shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def rows_1d(name, make):
    """Even and odd lengths, padding and cutting, axes and norms."""
    return [
        row(name, make(4)),
        row(name, make(5)),
        row(name, make(5), n=3),
        row(name, make(4), n=7),
        row(name, make(3), n=6),
        row(name, make(4), n=1),
        row(name, make(3, 2), axis=0),
        row(name, make(2, 4, 2), 3, -2, "ortho"),
        row(name, make(5), norm="ortho"),
        row(name, make(4), norm="forward"),
        row(name, make(4), norm="backward"),
        row(name, make(2, 3).T, axis=1, n=4, norm="forward"),
        row(name, make(0, 4)),
    ]


def rows_2d(name, make):
    return [
        row(name, make(3, 4)),
        row(name, make(2, 4, 3), norm="ortho"),
        row(name, make(3, 4), s=(4, 3), norm="forward"),
        row(name, make(3, 4, 2), s=(2, 5), axes=(0, 1)),
    ]


def rows_nd(name, make):
    return [
        row(name, make(2, 3, 4)),
        row(name, make(4)),
        row(name, make(2, 3, 4), axes=(2, 0), norm="ortho"),
        row(name, make(2, 3, 4), s=(3, 2), axes=(-1, 0), norm="forward"),
        row(name, make(2, 3, 4), s=(-1, 5), axes=(0, 1)),
        row(name, make(3, 4), axes=(0, 0), s=(3, 2)),
    ]


ROWS = [
    *rows_1d("fft.fft", cnormal),
    *rows_1d("fft.fft", normal),
    *rows_2d("fft.fft2", cnormal),
    *rows_nd("fft.fftn", cnormal),
    *rows_nd("fft.fftn", normal),
    row("fft.fftshift", normal(5)),
    row("fft.fftshift", normal(3, 4), axes=0),
    row("fft.fftshift", cnormal(3, 4), axes=(0, 1)),
    *rows_1d("fft.hfft", cnormal),
    row("fft.hfft", normal(4)),
    *rows_1d("fft.ifft", cnormal),
    row("fft.ifft", normal(4)),
    *rows_2d("fft.ifft2", cnormal),
    *rows_nd("fft.ifftn", cnormal),
    row("fft.ifftshift", normal(5)),
    row("fft.ifftshift", normal(3, 4), axes=(1,)),
    *rows_1d("fft.ihfft", normal),
    *rows_1d("fft.irfft", cnormal),
    row("fft.irfft", normal(4)),
    row("fft.irfft", normal(4), n=5),
    *rows_2d("fft.irfft2", cnormal),
    *rows_nd("fft.irfftn", cnormal),
    *rows_1d("fft.rfft", normal),
    *rows_2d("fft.rfft2", normal),
    *rows_nd("fft.rfftn", normal)[:-1],  # no transform of a complex array
]

test_fft = table_test(ROWS)


def test_power_spectrum():
    g = grad(lambda x: (anp.abs(np.fft.rfft(x)) ** 2).sum())(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(g, [9, 12, 15])


def test_gradient_of_a_real_signal_is_real():
    g = grad(lambda x: anp.sum(anp.abs(np.fft.fft(x, 8))))(normal(5))
    assert g.dtype == np.float64
    g = grad(lambda x: anp.sum(anp.abs(np.fft.ifftn(x))))(normal(5, 2).astype(np.float32))
    assert g.dtype == np.float32


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "ihfft"])
def test_single_precision_stays_single(name):
    x = normal(5).astype(np.float32)
    ans, pull = vjp(lambda x: getattr(np.fft, name)(x), x)
    assert ans.dtype == np.complex64 and pull(ans)[0].dtype == np.float32


@pytest.mark.parametrize("name", ["irfft", "hfft"])
def test_real_single_precision_stays_single(name):
    x = cnormal(5).astype(np.complex64)
    ans, pull = vjp(lambda x: getattr(np.fft, name)(x), x)
    assert ans.dtype == np.float32 and pull(ans)[0].dtype == np.complex64


def test_convolution_theorem():
    def convolve(x, y):
        return np.fft.irfft(np.fft.rfft(x, 8) * np.fft.rfft(y, 8), 8)[:7]

    x, y = normal(4), normal(4)
    found = grad(lambda x: (convolve(x, y) ** 3).sum())(x)
    expected = grad(lambda x: (anp.convolve(x, y) ** 3).sum())(x)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_lengths_without_axes_are_numpys():
    """Deprecated since NumPy 2.0: the last axes are meant."""
    x = cnormal(2, 3, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = np.fft.fftn(x, s=(2, 3))
    found, _ = vjp(lambda x: anp.fft.fftn(x, s=(2, 3)), x)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("transform", [np.fft.irfft, anp.fft.hfft, np.fft.irfftn])
def test_out_is_a_traced_buffer(transform):
    def f(x):
        buffer = anp.zeros(4)
        transform(x, out=buffer)
        return (buffer**2).sum()

    x = cnormal(3)
    np.testing.assert_allclose(grad(f)(x), grad(lambda x: (transform(x) ** 2).sum())(x))


def test_sample_spacing():
    check_grads(lambda d: np.fft.fftfreq(4, d), 0.5)
    np.testing.assert_array_equal(anp.fft.rfftfreq(5), np.fft.rfftfreq(5))


def test_wrong_keywords():
    with pytest.raises(ValueError, match="different lengths"):
        grad(lambda x: anp.sum(anp.real(anp.fft.fftn(x, s=(2,), axes=(0, 1)))))(cnormal(2, 2))
    with pytest.raises(ValueError, match="norm"):
        grad(lambda x: anp.sum(anp.real(anp.fft.fft(x, norm="unit"))))(cnormal(2))


def test_batches_are_transformed_at_once():
    xs = normal(3, 4, 5)
    for f in (
        lambda x: anp.fft.rfft(x, 6, 0),
        lambda x: anp.fft.fftn(x, norm="ortho"),
        lambda x: anp.fft.fftshift(x),
        lambda x: anp.fft.ifftshift(x, axes=0),
        lambda x: anp.fft.hfft(x, axis=-2),
    ):
        np.testing.assert_allclose(vmap(f)(xs), [f(x) for x in xs])


def test_jacobian_is_the_matrix_of_the_transform():
    np.testing.assert_allclose(jacobian(anp.fft.irfft)(np.fft.rfft(np.ones(5))).shape, (4, 3))
    basis = np.eye(4)
    np.testing.assert_allclose(jacobian(lambda x: np.fft.fft(x).real)(normal(4)), np.fft.fft(basis).real, atol=1e-12)
