"""Rules of the functions of two vectors: those of all pairs of one row and one row."""

from __future__ import annotations

import scipy.spatial.distance

from ....numpy import wrapped as anp
from ....numpy.definers import define
from .metrics import METRICS, jensenshannon, real

__all__: list[str] = []


def define_vectors(name):
    """Define SciPy's function of two vectors by the metric of its name."""
    metric = METRICS[name]

    def definition(u, v, **params):
        u, v = real(u), real(v)
        if u.ndim != 1 or v.ndim != 1:
            raise ValueError(f"{name}: Input vector should be 1-D, not of shapes {u.shape} and {v.shape}")
        return metric(u[None], v[None], **params)[0, 0]

    return definition


for _name in METRICS:
    if _name != "jensenshannon":
        define(getattr(scipy.spatial.distance, _name))(define_vectors(_name))


@define(scipy.spatial.distance.jensenshannon)
def jensenshannon_along(p, q, base=None, *, axis=0, keepdims=False):
    p, q = anp.moveaxis(real(p), axis, -1), anp.moveaxis(real(q), axis, -1)
    ans = jensenshannon(anp.expand_dims(p, -2), anp.expand_dims(q, -2), base)[..., 0, 0]
    return anp.expand_dims(ans, axis) if keepdims else ans
