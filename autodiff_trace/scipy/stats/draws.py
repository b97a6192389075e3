"""Random numbers with derivatives in the parameters of their distribution, by reparametrisation.

The probability F(x; θ) of a draw stays what it is while θ changes: ∂x/∂θ = −(∂F/∂θ) / f (M. Figurnov et al., "Implicit
reparameterization gradients", 2018). Two steps of Newton's method from the draw, at which they stand still, have this
derivative, and the next two orders.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import TracedValueError, caller_line
from ...core.tracer import find_top_trace
from ...transforms.stopping import stop_gradient, to_numpy

__all__ = ["draw"]


def draw(family: Any, shapes: list, loc: Any, scale: Any, size: Any, random_state: Any) -> Any:
    """Draws of a continuous family. ``random_state`` has to be a generator: it says which numbers are meant."""
    if not isinstance(random_state, (np.random.Generator, np.random.RandomState)):
        raise TracedValueError(
            f"{family.name}.rvs: draws with traced parameters need an explicit generator ({caller_line()}): "
            "random_state=np.random.default_rng(seed)."
        )
    plain_shapes, plain_loc, plain_scale = map(to_numpy, shapes), to_numpy(loc), to_numpy(scale)
    x = family.plain.rvs(*plain_shapes, loc=plain_loc, scale=plain_scale, size=size, random_state=random_state)
    z = (x - plain_loc) / plain_scale
    if find_top_trace(shapes) is not None:
        probability = stop_gradient(family.cdf(z, *shapes))
        for _ in range(2):
            z = z - (family.cdf(z, *shapes) - probability) / family.pdf(z, *shapes)
    return loc + scale * z
