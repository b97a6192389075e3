"""The public functions of ``scipy.signal`` as primitives. Rules are written with these names."""

import scipy.signal

from ..namespace import wrap_module

wrap_module(scipy.signal, globals())
