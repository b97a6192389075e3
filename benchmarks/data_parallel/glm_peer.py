"""The same regression by dask-glm, whose L-BFGS dask-ml's LogisticRegression calls, too."""

from __future__ import annotations

import importlib
import warnings
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .fits import PENALTY, split_rows
from .shards import make_regression

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["PeerFit", "fit_by_dask_glm", "why_without"]


class PeerFit(NamedTuple):
    """What dask-glm found, how often it asked for value and gradient, and how long all of it took."""

    params: np.ndarray
    evaluations: int
    seconds: float


def why_without() -> str | None:
    """Why dask-glm cannot take part; None if it can."""
    try:
        importlib.import_module("dask_glm.algorithms")
    except ImportError as error:
        return f"{error}; pip install dask-glm"
    return None


def fit_by_dask_glm(client: Client, options) -> PeerFit:
    """On the cluster of ``client``, from the same chunks, made anew for each evaluation, or kept and spilled."""
    import dask
    import dask.array as da
    from dask_glm import algorithms

    X, y = [], []
    for number, rows in enumerate(split_rows(options.rows, options.shard_rows)):
        chunk = dask.delayed(make_regression, nout=2)(options.seed, number, rows, options.features)
        X.append(da.from_delayed(chunk[0], (rows, options.features), float))
        y.append(da.from_delayed(chunk[1], (rows,), float))
    X, y = da.concatenate(X), da.concatenate(y)
    if options.spill:
        X, y = client.persist([X, y])
    calls = []
    search = algorithms.fmin_l_bfgs_b

    def counted(*args, **kwargs):
        answer = search(*args, **kwargs)
        calls.append(answer[2]["funcalls"])
        return answer

    algorithms.fmin_l_bfgs_b = counted
    start = perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers may warn of what they like
            params = algorithms.lbfgs(X, y, regularizer="l2", lamduh=PENALTY, max_iter=options.iterations,
                                      tol=options.tolerance, normalize=False)
    finally:
        algorithms.fmin_l_bfgs_b = search
    return PeerFit(np.asarray(params), calls[0], perf_counter() - start)
