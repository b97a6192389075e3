"""Responses of filters, waveforms, and filters that select, of ``scipy.signal`` and ``scipy.ndimage``."""

from __future__ import annotations

from scipy_table import scipy_row, traced

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from autodiff_trace import grad, jacobian, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads
from table import table_test

rng = np.random.default_rng(0)
b, a = rng.normal(size=3), np.array([2.0, 0.3, 0.1, 0.05])
SOS = scipy.signal.butter(4, 0.3, output="sos")
t, x = np.linspace(0.1, 2, 9), rng.normal(size=(5, 4))
LABELS = rng.integers(0, 3, (5, 4))

NORMALISES = bool(scipy.signal.lfiltic([2.0], [2.0, 1.0], [1.0])[0] == -0.5)
"""SciPy 1.13 does not divide by the first coefficient of the denominator, as lfilter does."""

ROWS = [
    scipy_row("signal.freqz", b, a, worN=7),
    scipy_row("signal.freqz", b, a, worN=8, whole=True, fs=3.0),
    scipy_row("signal.bilinear", a, b, fs=3.0),
    scipy_row("signal.zpk2tf", b[:2], a, np.array(2.0)),
    scipy_row("signal.freqz_zpk", b[:2], a, np.array(2.0), worN=7, whole=True),
    scipy_row("signal.freqs_zpk", b[:2], a, np.array(2.0), worN=t),
    scipy_row("signal.czt", x, m=5, axis=0), scipy_row("signal.czt", t + 1j, m=12), scipy_row("signal.medfilt2d", x),
    scipy_row("signal.zoom_fft", x, np.array([0.2, 0.7]), m=6, fs=3.0, endpoint=True),
    scipy_row("signal.gausspulse", t, fc=2.0),
    scipy_row("signal.sawtooth", 5 * t, width=0.3),
] + [
    scipy_row("signal.lfiltic", b, a, t), scipy_row("signal.lfiltic", a, b, t[:1], t[:2]),
][: 2 * NORMALISES]
SELECTING_ROWS = [
    *[scipy_row(f"ndimage.{name}", x, **keywords)
      for name in ("maximum_filter", "minimum_filter", "median_filter")
      for keywords in ({"size": (2, 3)}, {"footprint": np.array([[0, 1, 0], [1, 1, 1]])},
                       {"size": 3, "mode": "constant", "cval": 0.3, "origin": 1})],
    scipy_row("ndimage.rank_filter", x, rank=-2, size=3, mode="wrap"),
    scipy_row("ndimage.percentile_filter", x, percentile=30, size=3),
    scipy_row("ndimage.maximum_filter1d", x, size=3, axis=0),
    scipy_row("signal.medfilt", x, kernel_size=[3, 1]),
    *[scipy_row(f"ndimage.{name}", np.abs(x), labels=LABELS, index=[1, 2])
      for name in ("sum_labels", "mean", "variance", "standard_deviation", "maximum", "median")],
    scipy_row("ndimage.center_of_mass", np.abs(x)),
]

test_responses = table_test(ROWS)
test_selections = table_test(SELECTING_ROWS)


def check(function, *args):
    """``function(library, *args)``: SciPy's value, and derivatives against differences."""
    np.testing.assert_allclose(vjp(lambda *a: function(traced, *a), *args)[0], function(scipy, *args), rtol=1e-9,
                               atol=1e-12)
    check_grads(lambda *a: function(traced, *a), *args, order=1)


def test_frequencies_and_delays():
    w = np.array([0.1, 0.5, 2.0])
    check(lambda lib, b, a, w: lib.signal.freqz(b, a, w)[1], b, a, w)
    check(lambda lib, b, a, w: lib.signal.freqs(b, a, w)[1], b, a, w)
    check(lambda lib, b, a, w: lib.signal.group_delay((b, a), w)[1], b, a, w)
    response = vjp(lambda s: traced.signal.sosfreqz(s, 7)[1], SOS)[0]
    np.testing.assert_allclose(response, scipy.signal.sosfreqz(SOS, 7)[1])
    b2, a2 = vjp(traced.signal.sos2tf, SOS)[0]
    np.testing.assert_allclose(b2, scipy.signal.sos2tf(SOS)[0])
    np.testing.assert_allclose(a2, scipy.signal.sos2tf(SOS)[1])


@pytest.mark.parametrize("method", ["linear", "quadratic", "logarithmic", "hyperbolic"])
def test_chirps(method):
    check(lambda lib, t, f0, t1, f1: lib.signal.chirp(t, f0, t1, f1, method, phi=30), t, 1.0, 3.0, 2.0)
    # Where the frequency stays the same the slope in the last one is not zero.
    slope = jacobian(lambda f1: traced.signal.chirp(t, 3.0, 2.0, f1, method))
    np.testing.assert_allclose(slope(3.0), (slope(3.0 + 1e-6) + slope(3.0 - 1e-6)) / 2, rtol=1e-6, atol=1e-9)
    batch = np.array([1.0, 2.0, 3.0])
    expected = [scipy.signal.chirp(t, f0, 3.0, 2.0, method) for f0 in batch]
    np.testing.assert_allclose(vmap(lambda f0: traced.signal.chirp(t, f0, 3.0, 2.0, method))(batch), expected)


def test_parameters_of_waveforms():
    check(lambda lib, t, w: lib.signal.sawtooth(t, w), 5 * t, 0.3)
    check(lambda lib, t, fc, bw: lib.signal.gausspulse(t, fc, bw, retenv=True)[1], t, 2.0, 0.5)
    check(lambda lib, t: lib.signal.square(t, 0.3), 5 * t)
    check(lambda lib, t: anp.real(lib.signal.chirp(t, 1.0, 3.0, 2.0, "quadratic", vertex_zero=False)), t)


def test_what_responses_refuse():
    with pytest.raises(TypeError, match="signal.butter is not there for traced values"):
        grad(lambda w: traced.signal.butter(3, w)[0][0])(0.3)
    with pytest.raises(TypeError, match="worN=200"):
        grad(lambda b: anp.abs(traced.signal.freqs(b, a)[1][0]))(b)
    with pytest.raises(TypeError, match="percentile= has to be a plain value"):
        grad(lambda p: traced.ndimage.percentile_filter(x, p, 3)[0, 0])(30.0)


def test_spirals():
    check(lambda lib, x, w, a: lib.signal.czt(x, 5, w, a), t, 0.9 * np.exp(-0.3j), 1.1 + 0.2j)
    check(lambda lib, x, f: lib.signal.zoom_fft(x, f, 5), x, 0.7)
    with pytest.raises(ValueError, match="Invalid number of CZT output points"):
        grad(lambda x: anp.abs(traced.signal.czt(x, 0)[0]))(t)
