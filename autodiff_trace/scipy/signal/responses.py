"""Responses of filters to frequencies, and their other forms: freqz, freqz_sos, freqs, group_delay, bilinear, zpk2tf,
sos2tf, in the coefficients and in the frequencies."""

from __future__ import annotations

import inspect
import operator

import numpy as np
import scipy.signal

from ...core.errors import TracedValueError, caller_line
from ...numpy import wrapped as anp
from ...numpy.along_axes import at_least_1d
from ...numpy.broadcasting import cast
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ..convolving import convolve_along, pad_zeros
from ..plain_arguments import refuse_traced, refuses
from .filters import sections

__all__: list[str] = []


def horner(coefficients, z):
    """The polynomial with the lowest power first."""
    total = 0 * z
    for k in range(coefficients.shape[0] - 1, -1, -1):
        total = total * z + coefficients[k]
    return total


def angles(worN, whole, fs, include_nyquist=False):
    """The frequencies in radians a sample: so many around the circle, or half of it, or those given."""
    worN = 512 if worN is None else worN
    if isinstance(worN, (int, np.integer)):
        return np.linspace(0, 2 * np.pi if whole else np.pi, operator.index(worN),
                           endpoint=bool(include_nyquist and not whole))
    return 2 * np.pi * at_least_1d(worN) / fs


def response(b, a, w):
    z = cast(anp.exp(-1j * w), np.result_type(b.dtype, a.dtype, np.complex64))
    return horner(b, z) / horner(a, z)


@define(scipy.signal.freqz)
def freqz(b, a=1, worN=512, whole=False, fs=2 * np.pi, include_nyquist=False):
    b, a = at_least_1d(b), at_least_1d(a)
    if b.ndim > 1 or a.ndim > 1:
        raise TracedValueError(f"freqz: traced b and a have to be of one dimension ({caller_line()}).")
    w = angles(worN, whole, fs, include_nyquist)
    return w * (fs / (2 * np.pi)), response(b, a, w)


def response_of_sections(sos, worN=512, whole=False, fs=2 * np.pi):
    w, total = angles(worN, whole, fs), 1.0
    for b, a in sections(sos):
        total = total * response(b, a, w)
    return w * (fs / (2 * np.pi)), total


if hasattr(scipy.signal, "freqz_sos"):
    define(scipy.signal.freqz_sos)(response_of_sections)
if "sos" in inspect.signature(scipy.signal.sosfreqz).parameters:
    define(scipy.signal.sosfreqz)(response_of_sections)
else:
    define(scipy.signal.sosfreqz)(lambda *args, **kwargs: response_of_sections(*args, **kwargs))


@define(scipy.signal.freqz_zpk)
def freqz_zpk(z, p, k, worN=512, whole=False, fs=2 * np.pi):
    z, p, w = at_least_1d(z), at_least_1d(p), angles(worN, whole, fs)
    return w * (fs / (2 * np.pi)), k * quotient(np.exp(1j * w), z, p)


def quotient(s, z, p):
    """Π (s − zᵢ) / Π (s − pᵢ)"""
    return anp.prod(s[:, None] - z, -1) / anp.prod(s[:, None] - p, -1)


@define(scipy.signal.freqs_zpk)
def freqs_zpk(z, p, k, worN=200):
    z, p, w = at_least_1d(z), at_least_1d(p), given_frequencies("freqs_zpk", worN)
    return w, k * quotient(1j * w, z, p)


def given_frequencies(name, worN):  # noqa: N803, SciPy's name
    if worN is None or isinstance(worN, (int, np.integer)):
        raise TracedValueError(f"{name}: worN={worN!r}, frequencies that follow from the filter, are not there for "
                               f"traced values ({caller_line()}). Give worN as an array of frequencies.")
    return at_least_1d(worN)


@define(scipy.signal.freqs)
def freqs(b, a, worN=200):
    b, a, w = at_least_1d(b), at_least_1d(a), given_frequencies("freqs", worN)
    return w, horner(anp.flip(b), 1j * w) / horner(anp.flip(a), 1j * w)


# With C the coefficients of B(z) times A(1/z) and R those of z dC/dz, the delay is Re R/C, less the order of A (J. O.
# Smith III, "Numerical computation of group delay")


@define(scipy.signal.group_delay)
def group_delay(system, w=512, whole=False, fs=2 * np.pi):
    b, a = (at_least_1d(each) for each in system)
    if w is None or isinstance(w, (int, np.integer)):
        w = np.linspace(0, 2 * np.pi if whole else np.pi, 512 if w is None else operator.index(w), endpoint=False)
    else:
        w = 2 * np.pi * at_least_1d(w) / fs
    c = convolve_along(b, anp.conjugate(anp.flip(a)), "full", "direct", None)
    z = anp.exp(-1j * w)
    delay = anp.real(horner(c * np.arange(c.shape[0]), z) / horner(c, z)) - a.shape[0] + 1
    return w * (fs / (2 * np.pi)), anp.where(anp.isfinite(delay), delay, 0.0)


# Forms of filters


@define(scipy.signal.bilinear)
def bilinear(b, a, fs=1.0):
    refuse_traced("bilinear", fs=fs)
    b, a = at_least_1d(b), at_least_1d(a)
    order = max(b.shape[0], a.shape[0]) - 1
    b, a = (with_powers(each.shape[0], order, 2.0 * fs).T @ each for each in (b, a))
    return b / a[0], a / a[0]


def with_powers(count, order, factor):
    """For each power of s, the highest first, the coefficients of (factor (z − 1))ᵖ (z + 1)ᵒʳᵈᵉʳ⁻ᵖ."""
    rows = []
    for power in range(count - 1, -1, -1):
        row = np.ones(1)
        for _ in range(power):
            row = np.convolve(row, [factor, -factor])
        for _ in range(order - power):
            row = np.convolve(row, [1.0, 1.0])
        rows.append(row)
    return np.array(rows)


@define(scipy.signal.zpk2tf)
def zpk2tf(z, p, k):
    z, p = at_least_1d(z), at_least_1d(p)
    return k * from_roots(z), from_roots(p)


def from_roots(roots):
    """The coefficients of Π (x − r), the highest power first."""
    found = np.ones(1)
    for i in range(roots.shape[0]):
        found = pad_zeros(found, {0: (0, 1)}) - pad_zeros(roots[i] * found, {0: (1, 0)})
    return found


@define(scipy.signal.sos2tf)
def sos2tf(sos):
    b = a = np.ones(1)
    for new_b, new_a in sections(sos):
        b, a = (convolve_along(as_array(x), y, "full", "direct", None) for x, y in ((b, new_b), (a, new_a)))
    return b, a


# Filters that are designed: their formulas go through roots in the order of their values

for _name in (
    "bessel buttap butter cheb1ap cheb1ord cheb2ap cheb2ord cheby1 cheby2 ellip ellipap iirdesign iirfilter tf2zpk "
    "tf2sos zpk2sos"
).split():
    define(getattr(scipy.signal, _name))(refuses(
        f"signal.{_name}", "Design the filter with plain values; its coefficients can be traced in lfilter and sosfilt."
    ))
