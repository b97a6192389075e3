"""Rules of the functions of many vectors: cdist, pdist, squareform, directed_hausdorff."""

from __future__ import annotations

import numpy as np
import scipy.spatial.distance

from ....core.array_ops import array_ops
from ....core.primitives import nondifferentiable
from ....core.traits import declare
from ....numpy import wrapped as anp
from ....numpy.batching import batch_aligned
from ....numpy.canonical import as_array
from ....numpy.definers import define
from ....numpy.rules.matrices import transposed
from ...linalg.operands import over_stacks
from ...plain_arguments import refuses
from .euclidean import condensed, spread
from .metrics import metric_of, real, root

__all__: list[str] = []


@define(scipy.spatial.distance.cdist)
def cdist(XA, XB, metric="euclidean", *, out=None, **params):
    x, y = real(XA), real(XB)
    if x.ndim != 2 or y.ndim != 2:
        raise ValueError(f"cdist: XA and XB must be 2-dimensional, not of shapes {x.shape} and {y.shape}")
    if x.shape[1] != y.shape[1]:
        raise ValueError("XA and XB must have the same number of columns (i.e. feature dimension.)")
    return array_ops.store(out, metric_of(metric)(x, y, **params))


@define(scipy.spatial.distance.pdist)
def pdist(X, metric="euclidean", *, out=None, **params):
    x = real(X)
    if x.ndim != 2:
        raise ValueError(f"A 2-dimensional array must be passed. (Shape was {x.shape}).")
    return array_ops.store(out, condensed(metric_of(metric)(x, x, **params)))


for _name in ("dice", "hamming", "jaccard", "rogerstanimoto", "russellrao", "sokalmichener", "sokalsneath", "yule"):
    if hasattr(scipy.spatial.distance, _name):
        define(getattr(scipy.spatial.distance, _name))(
            refuses(_name, "It counts what is true and false, which changes in steps.")
        )


@define(scipy.spatial.distance.squareform)
def squareform(X, force="no", checks=True):
    x = as_array(X)
    if force.lower() not in ("no", "tomatrix" if x.ndim == 1 else "tovector"):
        raise ValueError(f"squareform: force={force!r} does not fit an array of {x.ndim} dimensions")
    if x.ndim == 1:
        n = int(np.ceil(np.sqrt(2 * x.shape[0]))) if x.shape[0] else 1
        if n * (n - 1) != 2 * x.shape[0]:
            raise ValueError(
                "Incompatible vector size. It must be a binomial coefficient n choose 2 for some integer n >= 2."
            )
        upper = spread(x, n)
        return upper + transposed(upper)
    if x.ndim != 2 or x.shape[0] != x.shape[1]:
        raise ValueError(f"squareform: a vector or a square matrix is needed, not an array of {x.shape}")
    return condensed(x)


@nondifferentiable
@over_stacks(2)
def farthest(u, v, seed):
    """The places of the two points whose distance is Hausdorff's."""
    return scipy.spatial.distance.directed_hausdorff(u, v, seed)[1:]


declare(farthest, batching=batch_aligned)


@define(scipy.spatial.distance.directed_hausdorff)
def directed_hausdorff(u, v, rng=0, seed=0):
    u, v = real(u), real(v)
    i, j = farthest(u, v, seed if rng is None else rng)
    difference = anp.take(u, i, axis=0) - anp.take(v, j, axis=0)
    return root(anp.sum(difference * difference)), i, j
