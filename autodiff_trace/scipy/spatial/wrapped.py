"""The public functions of ``scipy.spatial`` as primitives. Rules are written with these names."""

import scipy.spatial

from ..namespace import wrap_module

wrap_module(scipy.spatial, globals(), "convex_hull_plot_2d delaunay_plot_2d voronoi_plot_2d test tsearch")
