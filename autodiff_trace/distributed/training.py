"""Training by minibatches: an optimiser on the client, gradients from the shards."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from distributed import Client

from ..optim import Optimizer, sgd
from .errors import Reached, keeping
from .objective import value_and_grad
from .programs import Batch
from .progress import Progress, tell

__all__ = ["TrainResult", "train"]


class TrainResult(NamedTuple):
    """Parameters, the state of the optimiser, and the value before each step."""

    params: Any
    state: Any
    values: np.ndarray


def train(
    loss: Callable[..., Any], params: Any, client: Client, shards: Any, *, optimizer: Optimizer | None = None,
    steps: int = 100,
    batch_size: int | None = None, seed: int = 0, reduction: str = "mean", weights: Sequence[float] | None = None,
    penalty: Callable[..., Any] | None = None, state: Any = None, first_step: int = 0,
    callback: Callable[[Progress], Any] | None = None, checkpoint: str | os.PathLike[str] | None = None,
    backend: str | None = "numpy", retries: int = 0, timeout: float | None = None,
) -> TrainResult:
    """Take ``steps`` steps of an optimiser of ``optim`` from ``params`` on, each after all shards have answered.

    Arguments:
        loss, client, shards, reduction, weights, penalty, backend, retries, timeout: as in :func:`value_and_grad`.
        optimizer: of ``optim``; ``sgd(0.1)`` unless told otherwise.
        batch_size: how many rows of each shard a step takes, drawn without replacement by a generator that is seeded
            with ``seed``, the number of the step and that of the shard; None: all. Where ``weights`` does not say
            otherwise, a shard counts by all of its rows, so that the gradient is that over all rows in the mean.
        state, first_step: of the optimiser, and the number of the first step, to go on from where a run ended.
        callback: called with a :class:`Progress` after each step; True, or StopIteration, ends the training.
        checkpoint: a file; parameters are saved there where the training ends by an error or Ctrl-C.

    Returns parameters, the state of the optimiser and the values. The result does not depend on the number of workers.

    >>> result = train(loss, params, client, shards, optimizer=adam(0.01), steps=500, batch_size=32)  # doctest: +SKIP
    """
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size has to be at least 1, or None for all rows, got {batch_size!r}.")
    optimizer = sgd(0.1) if optimizer is None else optimizer
    reached = Reached(params, optimizer.init(params) if state is None else state, first_step)
    values = []
    with keeping(reached, checkpoint), value_and_grad(
            loss, client, shards, reduction=reduction, weights=weights, penalty=penalty, backend=backend,
            retries=retries, timeout=timeout) as objective:
        for step in range(first_step, first_step + steps):
            value, gradient = objective(reached.params, None if batch_size is None else Batch(batch_size, seed, step))
            values.append(value)
            params, state = optimizer.update(gradient, reached.state, reached.params)
            reached.params, reached.state, reached.step = params, state, step + 1
            if tell(callback, step + 1, value, params, objective.last):
                break
    return TrainResult(reached.params, reached.state, np.array(values))
