"""Sine and cosine of the same large array together, on processors for which NumPy has no vector instructions for them.

There NumPy takes 7.6 ns an element for each of them, and 0.13 for a product: both take 5 ns by the classical way,
subtracting the nearest multiple of π/2 in three parts and polynomials for what is left. The parts and the coefficients
are those of Sun's fdlibm (e_rem_pio2.c, k_sin.c, k_cos.c); results are within 2 units in the last place.
"""

from __future__ import annotations

import functools
import threading
import time

import numpy as np

from ....core.traits import declares

__all__ = ["is_numpy_slow", "sin_cos"]

LARGEST = 2.0**19
"""Up to here multiples of the parts of π/2, which have 33 bits, are exact."""

SLICE = 2**15
"""Elements that are worked on at a time. Of shorter slices threads would wait for each other between NumPy's calls."""

memory = threading.local()
"""The arrays that each thread computes in."""

def constants(*numbers: float) -> list[np.ndarray]:
    """Numbers as arrays, which NumPy need not make at each call (0.16 of 0.35 µs)."""
    return [np.array(number) for number in numbers]


HALF, ONE, MINUS_TWO, PER_QUARTER = constants(0.5, 1.0, -2.0, 2 / np.pi)
PI_HALF = constants(1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21)
SINE = constants(
    1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
    -1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01,
)
COSINE = constants(
    -1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
    2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02,
)


@declares(elementwise=True, buffer_position=2, harmless=True, cost=6)
def sin_cos(x: np.ndarray, cosines: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """The sines of ``x``, a float64 array; its cosines are written into ``cosines``, which is no part of ``x``."""
    if out is None:
        out = np.empty_like(x)
    if not (x.flags.c_contiguous and cosines.flags.c_contiguous and out.flags.c_contiguous):
        np.cos(x, cosines)
        return np.sin(x, out)
    scratch = getattr(memory, "scratch", None)
    if scratch is None:
        scratch = memory.scratch = np.empty((6, SLICE))
    arrays = x.reshape(-1), cosines.reshape(-1), out.reshape(-1)
    for start in range(0, x.size, SLICE):
        parts = [array[start : start + SLICE] for array in arrays]
        fill_slice(*parts, scratch[:, : len(parts[0])])
    return out


def fill_slice(x, cosines, sines, scratch):
    k, r, z, odd, sign, t = scratch
    np.abs(x, t)
    if not np.maximum.reduce(t) <= LARGEST:  # also where one is NaN
        np.cos(x, cosines)
        np.sin(x, sines)
        return
    # x = k π/2 + r, and the quadrant is k modulo 4: odd ones swap sine and cosine, the upper half changes the sign.
    np.multiply(x, PER_QUARTER, k)
    np.rint(k, k)
    r[...] = x
    for part in PI_HALF:
        np.multiply(k, part, t)
        np.subtract(r, t, r)
    remainder_of_two(k, odd, t)
    remainder_of_two(t, sign, z)
    np.multiply(sign, MINUS_TWO, sign)
    np.add(sign, ONE, sign)
    np.multiply(r, r, z)
    polynomial(SINE, z, sines)  # sin r = r + r z S(z)
    np.multiply(sines, z, sines)
    np.multiply(sines, r, sines)
    np.add(sines, r, sines)
    polynomial(COSINE, z, cosines)  # cos r = 1 − z / 2 + z² C(z)
    np.multiply(cosines, z, cosines)
    np.subtract(cosines, HALF, cosines)
    np.multiply(cosines, z, cosines)
    np.add(cosines, ONE, cosines)
    np.multiply(sines, sign, sines)
    np.multiply(cosines, sign, cosines)
    # sin x = (1 − odd) s + odd c and cos x = (1 − odd) c − odd s: no rounding, one of the terms is 0.
    np.multiply(sines, odd, k)
    np.multiply(cosines, odd, r)
    np.subtract(ONE, odd, odd)
    np.multiply(sines, odd, sines)
    np.add(sines, r, sines)
    np.multiply(cosines, odd, cosines)
    np.subtract(cosines, k, cosines)
    if not np.minimum.reduce(np.abs(x, t)):
        np.copyto(sines, x, where=np.equal(x, 0))  # keeps the sign of -0


def remainder_of_two(k, remainder, half):
    """``k`` modulo 2, and the half of ``k`` rounded down, of integers as floats."""
    np.multiply(k, HALF, half)
    np.floor(half, half)
    np.multiply(half, MINUS_TWO, remainder)
    np.add(remainder, k, remainder)


def polynomial(coefficients, z, out):
    """The polynomial with these coefficients, that of the highest power first."""
    first, second, *rest = coefficients
    np.multiply(z, first, out)
    np.add(out, second, out)
    for coefficient in rest:
        np.multiply(out, z, out)
        np.add(out, coefficient, out)


@functools.cache
def is_numpy_slow() -> bool:
    """Whether NumPy takes more than 4 ns an element for a sine on this processor (vector instructions take 1)."""
    x = np.linspace(0.0, 10.0, 4096)
    out = np.empty_like(x)
    best = min(timed(lambda: np.sin(x, out)) for _ in range(5))
    return best > 4e-9 * x.size


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
