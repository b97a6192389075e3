"""The public functions of ``scipy.stats`` as primitives. Rules are written with these names."""

import scipy.stats

from ..namespace import wrap_module

wrap_module(scipy.stats, globals())
