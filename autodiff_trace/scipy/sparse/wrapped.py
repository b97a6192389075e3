"""The public functions of ``scipy.sparse`` as primitives. Rules are written with these names."""

import scipy.sparse

from ..namespace import wrap_module

wrap_module(scipy.sparse, globals())
