"""Rules of the functions of ``scipy.spatial`` itself: distance_matrix, minkowski_distance, procrustes …"""

from __future__ import annotations

import numpy as np
import scipy.spatial

from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...numpy.definers import define
from ...numpy.rules.norms import norm_of_vectors
from ..linalg import wrapped as linalg
from .distance.metrics import minkowski, real

__all__: list[str] = []


@define(scipy.spatial.distance_matrix)
def distance_matrix(x, y, p=2.0, threshold=1000000):
    return minkowski(real(x), real(y), p)


def double(x):
    x = as_array(x)
    return anp.astype(x, np.result_type(x.dtype, np.float64))


@define(scipy.spatial.minkowski_distance)
def minkowski_distance(x, y, p=2.0):
    d = double(x) - double(y)
    return norm_of_vectors(d, p, (d.ndim - 1,), False)


@define(scipy.spatial.minkowski_distance_p)
def minkowski_distance_p(x, y, p=2.0):
    d = double(x) - double(y)
    if p == np.inf:
        return norm_of_vectors(d, p, (d.ndim - 1,), False)
    return anp.sum(anp.absolute(d) ** p, axis=-1)


@define(scipy.spatial.geometric_slerp)
def geometric_slerp(start, end, t, tol=1e-7):
    # K. Shoemake, "Animating rotation with quaternion curves", 1985; the angle by its sine and its cosine
    start, end, t = real(start), real(end), real(t)
    cosine = anp.sum(start * end)
    across = end - cosine * start
    sine = np_linalg.norm(across)
    angle = anp.arctan2(sine, cosine) * anp.expand_dims(t, -1)
    is_there = anp.greater(sine, 0)
    direction = across / anp.where(is_there, sine, 1)
    return anp.cos(angle) * start + anp.sin(angle) * direction


@define(scipy.spatial.procrustes)
def procrustes(data1, data2):
    first, second = [x - anp.mean(x, axis=0) for x in (real(data1), real(data2))]
    first, second = first / np_linalg.norm(first), second / np_linalg.norm(second)
    turn, scale = linalg.orthogonal_procrustes(first, second)
    second = (second @ turn.T) * scale
    return first, second, anp.sum((first - second) ** 2)
