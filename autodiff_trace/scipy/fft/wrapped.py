"""The public functions of ``scipy.fft`` as primitives. Rules are written with these names."""

import scipy.fft

from ..namespace import wrap_module

wrap_module(
    scipy.fft, globals(),
    "fftfreq rfftfreq next_fast_len prev_fast_len fhtoffset get_workers register_backend set_backend "
    "set_global_backend set_workers skip_backend",
)
