"""Minimising over shards by SciPy's methods for smooth functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from distributed import Client

from ..transforms.raveling import Raveling
from .errors import Reached, keeping
from .objective import value_and_grad
from .progress import Progress, tell

__all__ = ["minimize"]

METHODS = ("BFGS", "CG", "L-BFGS-B", "SLSQP", "TNC")
"""Those that need values and gradients, and nothing else."""


def minimize(
    loss: Callable[..., Any], params: Any, client: Client, shards: Any, *, method: str = "L-BFGS-B",
    reduction: str = "sum",
    weights: Sequence[float] | None = None, penalty: Callable[..., Any] | None = None, tol: float | None = None,
    options: dict[str, Any] | None = None, callback: Callable[[Progress], Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None, backend: str | None = "numpy", retries: int = 0,
    timeout: float | None = None,
) -> Any:
    """Minimise ``loss`` over all shards from ``params`` on, by ``scipy.optimize.minimize`` on the client.

    Arguments:
        loss, client, shards, reduction, weights, penalty, backend, retries, timeout: as in :func:`value_and_grad`.
        method: ``"L-BFGS-B"``, ``"BFGS"``, ``"CG"``, ``"TNC"`` or ``"SLSQP"``.
        tol, options: as SciPy has them.
        callback: called with a :class:`Progress` after each iteration; True, or StopIteration, ends the search.
        checkpoint: a file; the best parameters are saved there where the search ends by an error or Ctrl-C.

    Returns SciPy's result, whose ``x`` and ``jac`` have the form of ``params``. Methods compute in float64.

    >>> result = minimize(loss, params, client, shards, penalty=lambda w: 1e-3 * anp.sum(w**2))  # doctest: +SKIP
    """
    try:
        from scipy import optimize
    except ImportError as error:
        raise ImportError(
            f"distributed.minimize needs SciPy, which cannot be imported ({error}): "
            "pip install 'autodiff_trace[scipy]'", name="scipy") from None
    if method not in METHODS:
        raise ValueError(f"minimize: method has to be one of {', '.join(METHODS)}, got {method!r}.")
    raveling = Raveling(params)
    best: list[tuple] = []  # the value, the parameters as a vector and as they are given, the gradient
    counts = {"nfev": 0, "nit": 0}
    reached = Reached(params, None, 0)
    with keeping(reached, checkpoint), value_and_grad(
            loss, client, shards, reduction=reduction, weights=weights, penalty=penalty, backend=backend,
            retries=retries, timeout=timeout) as objective:

        def evaluate(x):
            at = raveling.unravel(np.array(x))
            value, gradient = objective(at)
            slope = np.asarray(raveling.ravel(gradient), dtype=np.float64)
            counts["nfev"] += 1
            if not best or value < best[0][0]:
                best[:] = [(float(value), np.array(x), at, slope)]
                reached.params = at
            return float(value), slope

        def after(x):
            counts["nit"] += 1
            reached.step = counts["nit"]
            if tell(callback, counts["nit"], best[0][0], best[0][2], objective.last):
                raise StopIteration

        start = np.asarray(raveling.ravel(params), dtype=np.float64)
        try:
            result = optimize.minimize(
                evaluate, start, jac=True, method=method, tol=tol, options=options, callback=after)
        except StopIteration:  # which not all methods take
            value, x, _, slope = best[0]
            result = optimize.OptimizeResult(
                x=x, fun=value, jac=slope, success=False, status=99, message="the callback has asked for an end",
                njev=counts["nfev"], **counts)
    result.x = raveling.unravel(result.x)
    result.jac = raveling.unravel(result.jac)
    return result
