"""NumPy's functions, traced, under autograd's names."""

from ...numpy import *  # noqa: F403
from . import numpy_boxes, numpy_vspaces
