"""Filters of spectra, fourier_gaussian and its kin: they multiply a spectrum by what they make of ones."""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from ...numpy.canonical import as_array
from ...numpy.definers import define
from ..plain_arguments import refuse_traced

__all__: list[str] = []


def define_spectral(name, parameter):
    function = getattr(scipy.ndimage, name)

    def multiplied(x, value, n, axis):
        refuse_traced(name, **{parameter: value})
        dtype = np.complex128 if name == "fourier_shift" and x.dtype.kind == "f" else x.dtype
        ones = np.ones(x.shape, np.result_type(dtype, np.complex64))
        factor = function(ones, value, n, axis)
        return x * (factor if name == "fourier_shift" else factor.real.astype(np.finfo(ones.dtype).dtype))

    @define(function)
    def by_sigma(input, sigma=None, n=-1, axis=-1, size=None, shift=None):
        value = {"sigma": sigma, "size": size, "shift": shift}[parameter]
        return multiplied(as_array(input), value, n, axis)


for _name, _parameter in {
    "fourier_ellipsoid": "size", "fourier_gaussian": "sigma", "fourier_shift": "shift", "fourier_uniform": "size",
}.items():
    define_spectral(_name, _parameter)
