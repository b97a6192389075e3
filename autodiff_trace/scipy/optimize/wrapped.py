"""The public functions of ``scipy.optimize`` as primitives. Rules are written with these names."""

import scipy.optimize

from ..namespace import wrap_module

wrap_module(scipy.optimize, globals(), passed_on="linprog_verbose_callback show_options")
