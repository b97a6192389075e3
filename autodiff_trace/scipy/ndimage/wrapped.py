"""The public functions of ``scipy.ndimage`` as primitives. Rules are written with these names."""

import scipy.ndimage

from ..namespace import wrap_module

wrap_module(scipy.ndimage, globals())
