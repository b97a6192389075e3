"""Spectra and windows of ``scipy.signal``: in the signals, the windows and their parameters."""

from __future__ import annotations

from scipy_table import traced

import inspect

import numpy as np
import pytest
import scipy.signal

from autodiff_trace import grad, jit, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
ours = traced.signal
x, y, pair = rng.normal(size=40), rng.normal(size=40), rng.normal(size=(2, 33))
WINDOW = np.hanning(11) + 0.1

OPTIONS = [
    {}, {"fs": 3.0, "noverlap": 3}, {"nfft": 19, "detrend": "linear"}, {"window": WINDOW}, {"detrend": False},
    {"scaling": "spectrum"}, {"return_onesided": False}, {"average": "median"}, {"mode": "magnitude"},
    {"mode": "complex"}, {"mode": "phase"}, {"boundary": "odd", "padded": False}, {"boundary": None},
]


def check(name, signals, **keywords):
    """Frequencies, times and spectra as SciPy has them, compiled too; derivatives against differences."""
    expected = getattr(scipy.signal, name)(*signals, **keywords)

    def function(*signals):
        return getattr(ours, name)(*signals, **keywords)

    for found in (vjp(lambda *s: function(*s)[-1], *signals)[0], jit(lambda *s: function(*s)[-1])(*signals)):
        np.testing.assert_allclose(found, expected[-1], rtol=1e-8, atol=1e-10)
        assert found.dtype == expected[-1].dtype
    places = []
    vjp(lambda *s: places.append(function(*s)[:-1]) or function(*s)[-1], *signals)
    for pair_of in zip(places[0], expected[:-1]):
        np.testing.assert_allclose(*pair_of)
    check_grads(lambda *s: function(*s)[-1], *signals, order=1, name=f"{name} {keywords}")
    single = [s.astype(np.complex64 if s.dtype.kind == "c" else np.float32) for s in signals]
    expected = getattr(scipy.signal, name)(*single, **keywords)[-1]
    assert vjp(lambda *s: function(*s)[-1], *single)[0].dtype == expected.dtype


@pytest.mark.parametrize("name", ["coherence", "csd", "periodogram", "spectrogram", "stft", "welch"])
def test_spectra(name):
    takes = inspect.signature(getattr(scipy.signal, name)).parameters
    for options in OPTIONS:
        if not takes.keys() >= options.keys():
            continue
        keywords = dict(options)
        if "nperseg" in takes:
            keywords["nperseg"] = 11
        else:
            keywords.pop("window", None)
        check(name, (x, y) if "y" in takes else (x,), **keywords)
    base = {"nperseg": 11} if "nperseg" in takes else {}
    check(name, (pair.T, pair.T[::-1] ** 2) if "y" in takes else (pair.T,), axis=0, **base)


def test_complex_signals():
    z = x + 1j * y
    check("welch", (z,), nperseg=8, return_onesided=False)
    check("stft", (z,), nperseg=8, return_onesided=False)
    with pytest.warns(UserWarning, match="switching to return_onesided=False"):
        vjp(lambda z: ours.stft(z, nperseg=8)[2], z)


def test_inverse():
    for options in ({"nperseg": 8}, {"nperseg": 9, "noverlap": 3}):
        check("istft", (scipy.signal.stft(x, **options)[2],), **options)
    spectra = np.moveaxis(scipy.signal.stft(pair, nperseg=8)[2], -1, 0)
    check("istft", (spectra,), time_axis=0, freq_axis=-1, scaling="psd", fs=2.0)
    back = vjp(lambda x: ours.istft(ours.stft(x, nperseg=8)[2], nperseg=8)[1], x)[0]
    np.testing.assert_allclose(back, x, atol=1e-12)


def test_windows_that_are_traced():
    check_grads(lambda w: ours.welch(x, window=w)[1], WINDOW, order=2)
    check_grads(lambda w: ours.stft(x, window=w, nperseg=11)[2], WINDOW, order=1)
    spectrum = scipy.signal.stft(x, nperseg=11)[2]
    check_grads(lambda w: ours.istft(spectrum, window=w, nperseg=11)[1], WINDOW, order=1)
    expected = scipy.signal.welch(pair, nperseg=8)[1]
    np.testing.assert_allclose(vmap(lambda x: ours.welch(x, nperseg=8)[1])(pair), expected)


PARAMETERS = {
    "gaussian": (2.0,), "general_gaussian": (1.3, 2.0), "general_cosine": (np.array([0.4, 0.5, 0.1]),),
    "general_hamming": (0.6,), "kaiser": (3.0,), "kaiser_bessel_derived": (3.0,), "exponential": (1.5,),
    "tukey": (0.37,),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_of_windows(name):
    args = PARAMETERS[name]
    for count in (1, 2, 6, 7):
        for sym in (True, False):
            if name == "kaiser_bessel_derived" and (count % 2 or not sym):
                continue

            def make(library, *args, count=count, sym=sym):
                options = {"tau": args[0]} if name == "exponential" else {}
                return getattr(library.windows, name)(count, *(() if options else args), sym=sym, **options)

            value = vjp(lambda *a, f=make: f(ours, *a), *args)[0]
            np.testing.assert_allclose(value, make(scipy.signal, *args), atol=1e-12)
            check_grads(lambda *a, f=make: f(ours, *a), *args, order=2 if count == 6 else 1, name=name)


def test_what_spectra_refuse():
    with pytest.raises(TypeError, match="fs= has to be a plain value"):
        grad(lambda fs: anp.sum(ours.welch(x, fs)[1]))(2.0)
    with pytest.raises(ValueError, match="noverlap must be less"):
        grad(lambda x: anp.sum(ours.welch(x, nperseg=4, noverlap=4)[1]))(x)
    with pytest.warns(UserWarning, match="nperseg = 256 is greater"):
        grad(lambda x: anp.sum(ours.welch(x)[1]))(x)
