"""Dropout."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..core.derivative import DerivativeTrace
from ..core.errors import TracedValueError, caller_line
from ..core.tracebacks import border
from ..core.tracer import is_box
from ..core.unknown_names import unknown_keyword
from ..numpy import wrapped as anp
from ..numpy.canonical import as_array
from ..numpy.generators import checked_generator, is_shared, uniform_beside

__all__ = ["dropout"]


@border
def dropout(x: Any, rate: float, rng: Any, *, training: bool = True, **unknown: NoReturn) -> Any:
    """``x``, each element zero with probability ``rate``, else over ``1 - rate`` (Srivastava and others, 2014).

    Arguments:
        x: an array of any shape.
        rate: how many are dropped, from 0 to 1.
        rng: a ``numpy.random.Generator``, which draws anew in each call: under ``vmap`` for each example (of what is
            not mapped once for all), in the second run of ``checkpoint`` the same. Under ``jit`` it lets the function
            run as it is, with a warning; draws from ``anp.random``, NumPy's own generator, which may be passed in its
            place, are compiled.
        training: False gives ``x`` itself.

    >>> import numpy as np
    >>> kept = dropout(np.ones(1000), 0.25, np.random.default_rng(0))
    >>> np.unique(kept)
    array([0.        , 1.33333333])
    """
    if unknown:
        raise unknown_keyword("dropout", unknown)
    if training and not is_shared(rng):
        checked_generator(rng, "dropout")
    if isinstance(rate, (str, list, tuple, np.ndarray)) or not 0 <= rate <= 1:
        raise ValueError(f"dropout: rate is a probability, a number from 0 to 1, not {rate!r} ({caller_line()})")
    if is_box(rate) and isinstance(rate._trace, DerivativeTrace):
        raise TracedValueError(
            f"dropout: rate is a traced value ({caller_line()}), but a draw has no derivative. Write to_numpy(rate)"
        )
    if not training:
        return x
    x = as_array(x)
    x = x if x.dtype.kind in "fc" else anp.astype(x, float)
    if rate == 0:
        return x
    return anp.where(uniform_beside(x, rng) >= rate, x / (1 - rate) if rate < 1 else x, x.dtype.type(0))
