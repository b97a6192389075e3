"""The public functions of ``scipy.spatial.distance`` as primitives. Rules are written with these names."""

import scipy.spatial.distance

from ...namespace import wrap_module

wrap_module(scipy.spatial.distance, globals(), "num_obs_dm num_obs_y is_valid_dm is_valid_y")
