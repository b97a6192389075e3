"""Rules of Lambert's W and of Wright's ω."""

from __future__ import annotations

from ...numpy import wrapped as anp
from ...numpy.broadcasting import broadcast_tangent, unbroadcast
from ...numpy.definers import defrules
from ...numpy.error_states import quiet
from . import wrapped as special
from .families import quiet_elementwise

# W' = e⁻ᵂ / (1 + W), DLMF 4.13.4, which is right at z = 0, too


@quiet
def lambertw_slope(ans):
    return anp.exp(-ans) / (1 + ans)


defrules(
    special.lambertw,
    (lambda g, ans, z, *args, **kwargs: unbroadcast(g * lambertw_slope(ans), z), None),
    (lambda t, ans, z, *args, **kwargs: broadcast_tangent(t * lambertw_slope(ans), ans), None),
    elementwise=True, reads="ans",
)

quiet_elementwise(special.wrightomega, lambda ans, z: ans / (1 + ans))
