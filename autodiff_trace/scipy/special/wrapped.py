"""The public functions of ``scipy.special`` as primitives. Rules are written with these names."""

import scipy.special

from ..namespace import wrap_module

wrap_module(scipy.special, globals())
