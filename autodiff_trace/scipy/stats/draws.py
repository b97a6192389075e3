"""Random numbers with derivatives in the parameters of their distribution, by reparametrisation.

The probability F(x; θ) of a draw stays what it is while θ changes: ∂x/∂θ = −(∂F/∂θ) / f (M. Figurnov et al., "Implicit
reparameterization gradients", 2018). Two steps of Newton's method from the draw, at which they stand still, have this
derivative, and the next two orders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.batching import BatchTrace, take
from ...core.errors import TracedValueError, caller_line
from ...core.tracer import find_top_trace
from ...numpy import wrapped as anp
from ...transforms.stopping import stop_gradient, to_numpy

__all__ = ["draw"]


def for_each(of_plain: Callable, parameters: Sequence) -> Any:
    """``of_plain`` of the values of ``parameters``; under ``vmap`` of those of each example, one after the other."""
    top = find_top_trace(parameters)
    if not isinstance(top, BatchTrace):
        return of_plain(*map(to_numpy, parameters))
    values, mapped = zip(*map(top.unbox, parameters))
    if not any(mapped):
        return for_each(of_plain, values)
    examples = [[take(x, is_mapped, i) for x, is_mapped in zip(values, mapped)] for i in range(top.size)]
    return top.box(anp.stack([for_each(of_plain, example) for example in examples]), True)


def draw(family: Any, shapes: list, loc: Any, scale: Any, size: Any, random_state: Any) -> Any:
    """Draws of a continuous family. ``random_state`` has to be a generator: it says which numbers are meant."""
    if not isinstance(random_state, (np.random.Generator, np.random.RandomState)):
        raise TracedValueError(
            f"{family.name}.rvs: draws with traced parameters need an explicit generator ({caller_line()}): "
            "random_state=np.random.default_rng(seed)."
        )

    def of_plain(*values):
        *shapes, loc, scale = values
        return family.plain.rvs(*shapes, loc=loc, scale=scale, size=size, random_state=random_state)

    constants = [stop_gradient(x) for x in (*shapes, loc, scale)]
    z = (for_each(of_plain, constants) - constants[-2]) / constants[-1]
    if find_top_trace(shapes) is not None:
        probability = stop_gradient(family.cdf(z, *shapes))
        for _ in range(2):
            z = z - (family.cdf(z, *shapes) - probability) / family.pdf(z, *shapes)
    return loc + scale * z
