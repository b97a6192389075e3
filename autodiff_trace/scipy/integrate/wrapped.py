"""The public functions of ``scipy.integrate`` as primitives. Rules are written with these names."""

import scipy.integrate

from ..namespace import wrap_module

wrap_module(scipy.integrate, globals())
