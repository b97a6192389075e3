"""``autograd.numpy.random``: NumPy's random numbers, which have no derivative."""

from __future__ import annotations

import numpy.random as npr

from .numpy_wrapper import wrap_namespace

wrap_namespace(vars(npr), globals())
