"""The public functions of ``scipy.interpolate`` as primitives. Rules are written with these names."""

import scipy.interpolate

from ..namespace import wrap_module

wrap_module(scipy.interpolate, globals())
