"""The public functions of ``scipy.fft`` as primitives. Rules are written with these names."""

import scipy.fft

from ..namespace import wrap_module

wrap_module(scipy.fft, globals())
