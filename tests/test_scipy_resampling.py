"""Smoothing, resampling and the analytic signal of ``scipy.signal``: against SciPy's own matrices, in every mode."""

from __future__ import annotations

from scipy_table import scipy_row, traced

import numpy as np
import pytest
import scipy.signal

from autodiff_trace import grad, vjp, vmap
from autodiff_trace.testing import check_grads
from table import table_test

rng = np.random.default_rng(0)
ours = traced.signal
x, pair, image = rng.normal(size=20), rng.normal(size=(2, 19)), rng.normal(size=(4, 5))
b, a = scipy.signal.butter(3, 0.3)
SOS = scipy.signal.butter(4, 0.3, output="sos")

ROWS = [
    # SciPy checks the padding of filters that are differentiated by moving all of their elements
    scipy_row("signal.filtfilt", b, a, x, skip=("float32",)),
    scipy_row("signal.detrend", pair), scipy_row("signal.detrend", x, type="constant"),
    scipy_row("signal.hilbert", x), scipy_row("signal.hilbert2", image, skip=("float32",)),
    scipy_row("signal.savgol_filter", pair, window_length=5, polyorder=2),
    scipy_row("signal.wiener", image, skip=("float32",)),
    scipy_row("signal.deconvolve", x[:6], np.array([2.0, 0.3, 0.1])),
    scipy_row("signal.upfirdn", a, pair, up=3, down=2),
    scipy_row("signal.resample", x, num=13), scipy_row("signal.resample_poly", x, up=2, down=3),
    scipy_row("signal.decimate", x, q=2, n=2, skip=("float32",)),
]
test_smoothing = table_test(ROWS)

LINEAR = {
    **{f"filtfilt {kind}": lambda library, x, kind=kind: library.filtfilt(b, a, x, padtype=kind)
       for kind in ("odd", "even", "constant", None)},
    "sosfiltfilt": lambda library, x: library.sosfiltfilt(SOS, x, padlen=5),
    **{f"savgol {mode}": lambda library, x, mode=mode: library.savgol_filter(x, 6, 2, 1, mode=mode)
       for mode in ("interp", "mirror", "constant", "nearest", "wrap")},
    "detrend": lambda library, x: library.detrend(x, bp=[7, 12]),
    **{f"hilbert {n}": lambda library, x, n=n: library.hilbert(x, n).imag for n in (None, 21, 15)},
    **{f"resample {n} {w}": lambda library, x, n=n, w=w: library.resample(x, n, axis=-1, window=w)
       for n in (1, 2, 9, 10, 19, 20, 31, 40) for w in (None, "hamming")},
    **{f"resample_poly {u} {d}": lambda library, x, u=u, d=d: library.resample_poly(x, u, d, axis=-1)
       for u, d in ((2, 1), (1, 2), (3, 2), (7, 4), (1, 1))},
    **{f"upfirdn {u} {d} {n}": lambda library, x, u=u, d=d, n=n: library.upfirdn(np.arange(1.0, n + 1), x, u, d)
       for u, d in ((2, 1), (1, 2), (3, 2)) for n in (1, 2, 5)},
    **{f"decimate {kind} {zero}": lambda library, x, kind=kind, zero=zero: library.decimate(x, 2, 2, kind, -1, zero)
       for kind in ("iir", "fir") for zero in (True, False)},
}


@pytest.mark.parametrize("name", LINEAR)
def test_transposes(name):
    function = LINEAR[name]
    for signal in (x, pair):
        value, pull = vjp(lambda x: function(ours, x), signal)
        np.testing.assert_allclose(value, function(scipy.signal, signal), rtol=1e-9, atol=1e-10)
        matrix = np.array([np.ravel(function(scipy.signal, row.reshape(signal.shape))) for row in np.eye(signal.size)])
        pulled = np.array([np.ravel(pull(row.reshape(value.shape))[0]) for row in np.eye(value.size)]).T
        np.testing.assert_allclose(pulled, matrix, atol=1e-10)
        both = np.stack([signal, 2 * signal])
        found = vmap(lambda x: function(ours, x))(both)
        np.testing.assert_allclose(found, [function(scipy.signal, each) for each in both], atol=1e-9)


def test_sections_and_backgrounds():
    check_grads(lambda x: ours.resample_poly(x, 3, 2, padtype="mean"), x, order=1)
    z = x + 1j * x[::-1] ** 2
    for num in (11, 12, 31):
        np.testing.assert_allclose(vjp(lambda z, n=num: ours.resample(z, n), z)[0], scipy.signal.resample(z, num))
        check_grads(lambda z, n=num: ours.resample(z, n), z, order=1)


def test_what_smoothing_refuses():
    with pytest.raises(TypeError, match="method='gust'"):
        grad(lambda x: ours.filtfilt(b, a, x, method="gust")[0])(x)
    with pytest.raises(TypeError, match="padtype='line'"):
        grad(lambda x: ours.resample_poly(x, 3, 2, padtype="line")[0])(x)
    with pytest.raises(ValueError, match="greater than padlen"):
        grad(lambda x: ours.filtfilt(b, a, x)[0])(x[:5])
