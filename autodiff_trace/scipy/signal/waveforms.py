"""Waveforms: chirp, gausspulse, sawtooth, square, in time and in their parameters."""

from __future__ import annotations

import numpy as np
import scipy.signal

from ...core.errors import TracedValueError, caller_line
from ...core.primitives import nondifferentiable
from ...core.recording import to_recorded
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ..plain_arguments import is_traced
from .. import special

__all__: list[str] = []


def phase_of(t, f0, t1, f1, method, vertex_zero):
    """2π ∫ f: the frequency goes from f0 at 0 to f1 at t1."""
    if method in ("linear", "lin", "li"):
        return 2 * np.pi * (f0 * t + 0.5 * ((f1 - f0) / t1) * t * t)
    if method in ("quadratic", "quad", "q"):
        beta = (f1 - f0) / t1**2
        if vertex_zero:
            return 2 * np.pi * (f0 * t + beta * t**3 / 3)
        return 2 * np.pi * (f1 * t + beta * ((t1 - t) ** 3 - t1**3) / 3)
    if method in ("logarithmic", "log", "lo"):
        if anp.any(to_recorded(f0 * f1) <= 0.0):
            raise ValueError("For a logarithmic chirp, f0 and f1 must be nonzero and have the same sign.")
        return 2 * np.pi * f0 * t * special.exprel(t / t1 * anp.log(f1 / f0))
    if method in ("hyperbolic", "hyp"):
        if anp.any(to_recorded(f0 * f1) == 0):
            raise ValueError("For a hyperbolic chirp, f0 and f1 must be nonzero.")
        return 2 * np.pi * f0 * t * log_ratio(t * (f0 - f1) / (f1 * t1))
    raise ValueError(f"Method must be 'linear', 'quadratic', 'logarithmic', or 'hyperbolic', but {method!r} was given.")


def log_ratio(x):
    """log |1 + x| / x, which near 0 is 1 / exprel(log1p(x))."""
    is_near = anp.abs(x) < 0.5
    near, far = anp.where(is_near, x, 0.0), anp.where(is_near, 1.0, x)
    return anp.where(is_near, 1 / special.exprel(anp.log1p(near)), anp.log(anp.abs(1 + far)) / far)


@define(scipy.signal.chirp)
def chirp(t, f0, t1, f1, method="linear", phi=0, vertex_zero=True, complex=False):
    phase = phase_of(as_array(t), *[each * 1.0 for each in (f0, t1, f1)], method, vertex_zero) + phi * (np.pi / 180)
    return anp.exp(1j * phase) if complex else anp.cos(phase)


@define(scipy.signal.gausspulse)
def gausspulse(t, fc=1000, bw=0.5, bwr=-6, tpr=-60, retquad=False, retenv=False):
    if isinstance(t, str):
        raise TracedValueError(f"gausspulse: t={t!r} is not there for traced values ({caller_line()}).")
    t = as_array(t)
    # exp(−a t²), which is at the level bwr (in dB) of its spectrum where the band ends
    a = -((np.pi * fc * bw) ** 2) / (4.0 * anp.log(10.0 ** (bwr / 20.0)))
    envelope = anp.exp(-a * t * t)
    found = [envelope * anp.cos(2 * np.pi * fc * t)]
    if retquad:
        found.append(envelope * anp.sin(2 * np.pi * fc * t))
    if retenv:
        found.append(envelope)
    return tuple(found) if len(found) > 1 else found[0]


@define(scipy.signal.sawtooth)
def sawtooth(t, width=1):
    t, width = as_array(t), as_array(width)
    turn = anp.mod(t, 2 * np.pi)
    rises = turn < width * 2 * np.pi
    up = turn / (np.pi * anp.where(width > 0, width, 1.0)) - 1
    down = (np.pi * (width + 1) - turn) / (np.pi * anp.where(width < 1, 1 - width, 1.0))
    is_known = anp.logical_and(width >= 0, width <= 1)
    return anp.where(is_known, anp.where(rises, up, down), np.nan)


levels = nondifferentiable(scipy.signal.square)


@define(scipy.signal.square)
def square(t, duty=0.5):
    return levels(t, duty) if is_traced(duty) else levels(t, duty=duty)
