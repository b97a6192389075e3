"""What is constant but for steps: the places of peaks, and the choice of a method. Derivatives skip it."""

from __future__ import annotations

import scipy.signal

from ...core.traits import declare

__all__: list[str] = []

for _name in "argrelextrema argrelmax argrelmin choose_conv_method find_peaks find_peaks_cwt".split():
    declare(getattr(scipy.signal, _name), differentiable=False)
