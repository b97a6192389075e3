"""Medians and other ranks of windows: medfilt and order_filter, by the filters of ndimage."""

from __future__ import annotations

import numpy as np
import scipy.signal

from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ..ndimage.selections import median_filter, rank_filter

__all__: list[str] = []


@define(scipy.signal.medfilt)
def medfilt(volume, kernel_size=None):
    x = as_array(volume)
    x = x if x.ndim else anp.reshape(x, (1,))
    sizes = np.broadcast_to(3 if kernel_size is None else kernel_size, (x.ndim,)).tolist()
    if any([size % 2 != 1 for size in sizes]):
        raise ValueError("Each element of kernel_size should be odd.")
    return median_filter(x, sizes, mode="constant")


@define(scipy.signal.medfilt2d)
def medfilt2d(input, kernel_size=3):
    x = as_array(input)
    if x.ndim != 2:
        raise ValueError(f"medfilt2d: input must have two dimensions, but has {x.ndim}")
    return medfilt(x, kernel_size)


@define(scipy.signal.order_filter)
def order_filter(a, domain, rank):
    domain = np.asarray(domain)
    if any([size % 2 != 1 for size in domain.shape]):
        raise ValueError("Each dimension of domain argument should have an odd number of elements.")
    return rank_filter(a, rank, footprint=domain, mode="constant")
