"""``numpy.fft``, traced: the functions of NumPy's module under their own names. Rules stand in ``numpy/rules``."""

from __future__ import annotations

import numpy as np

from .namespace import wrap_namespace

wrap_namespace(np.fft, globals(), "autodiff_trace.numpy.fft")
