"""What is constant but for steps: places, labels, and what is made of truth values. Derivatives skip it."""

from __future__ import annotations

import scipy.ndimage

from ...core.traits import declare

__all__: list[str] = []

for _name in """
    binary_closing binary_dilation binary_erosion binary_fill_holes binary_hit_or_miss binary_opening binary_propagation
    distance_transform_bf distance_transform_cdt distance_transform_edt find_objects histogram label maximum_position
    minimum_position
""".split():
    declare(getattr(scipy.ndimage, _name), differentiable=False)
