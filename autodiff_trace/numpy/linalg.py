"""``numpy.linalg``, traced: the functions of NumPy's module under their own names. Rules stand in ``numpy/rules``."""

from __future__ import annotations

import numpy as np

from . import wrapped as wrapped  # first, so that a function that both modules have keeps its name in numpy
from .namespace import wrap_namespace

wrap_namespace(np.linalg, globals(), "autodiff_trace.numpy.linalg")
