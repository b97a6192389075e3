"""The public functions of ``scipy.linalg`` as primitives. Rules are written with these names."""

import scipy.linalg

from ..namespace import wrap_module

wrap_module(scipy.linalg, globals())
