"""Two trainings on data that lie on workers in chunks: a logistic regression by L-BFGS, a network by minibatches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from autodiff_trace import optim
from autodiff_trace.demo.datasets import CLASSES, load_digits
from autodiff_trace.demo.network import init_params

from .cluster import end_worker
from .shards import digit_loss, digit_makers, logistic_loss, regression_makers

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["PENALTY", "Fit", "Step", "fit_logistic", "fit_network", "penalty", "split_rows"]

PENALTY = 1.0
"""λ of the term λ/2 · w·w of the regression."""

LEARNING_RATE = 0.2


@dataclass
class Step:
    """What a step took: on the client, and on the worker that was busy longest."""

    seconds: float
    busy: float


@dataclass
class Fit:
    """A training that is going on, or has ended: what it computed, and how long its steps took."""

    name: str
    workers: int
    rows: int
    """Rows that one step reads."""
    total: int
    """Steps that are asked for; fewer may do."""
    losses: list[float] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0
    evaluations: int = 0
    params: np.ndarray | None = None
    ended: str | None = None
    """The address of the worker that was killed."""

    @property
    def step_seconds(self) -> float:
        """Of an ordinary step: not the first, which traces and compiles, nor one that lost a worker."""
        return median(step.seconds for step in self.steps[1:] or self.steps)

    @property
    def busy(self) -> float:
        return median(step.busy for step in self.steps[1:] or self.steps)

    @property
    def overhead(self) -> float:
        return median(step.seconds - step.busy for step in self.steps[1:] or self.steps)

    @property
    def rate(self) -> float:
        return self.rows / self.step_seconds

    @property
    def digest(self) -> str:
        """Of every bit of the losses and of the parameters."""
        return hashlib.sha256(np.array(self.losses).tobytes() + self.params.tobytes()).hexdigest()[:16]


def split_rows(total: int, most: int) -> list[int]:
    """Rows of each chunk, ``most`` but in the last.

    >>> split_rows(250, 100)
    [100, 100, 50]
    """
    return [min(most, total - start) for start in range(0, total, most)]


def penalty(weights):
    return 0.5 * PENALTY * (weights @ weights)


def fit_logistic(client: Client, fit: Fit, options, watch: Callable[[Fit], None]) -> None:
    """L-BFGS on all rows. What is found goes into ``fit`` step by step, so that it is there after an interruption."""
    from autodiff_trace import distributed

    makers = regression_makers(options.seed, split_rows(options.rows, options.shard_rows), options.features)
    with placed(client, makers, keep=options.spill) as shards:
        start = perf_counter()
        result = distributed.minimize(
            logistic_loss, np.zeros(options.features), client, shards, penalty=penalty, backend=options.backend,
            options={"maxiter": options.iterations, "gtol": options.tolerance},
            callback=lambda progress: note(client, fit, progress, options.kill_worker, watch),
        )
        fit.seconds = perf_counter() - start
    fit.params, fit.evaluations = result.x, result.nfev


def fit_network(client: Client, fit: Fit, options, watch: Callable[[Fit], None]) -> None:
    """Descent by minibatches, a part of each from every chunk; the chunks stay on their workers, a byte a pixel."""
    from autodiff_trace import distributed

    data = load_digits(options.seed, "float64")
    rows = split_rows(options.digits, -(-options.digits // options.digit_shards))
    makers = digit_makers(options.seed, rows, data.train_images, data.train_labels)
    params = init_params(data.train_images.shape[1], options.hidden, CLASSES, options.seed, "float32")
    with placed(client, makers, keep=True) as shards:
        start = perf_counter()
        result = distributed.train(
            digit_loss, params, client, shards, optimizer=optim.sgd(LEARNING_RATE), steps=options.steps,
            batch_size=options.batch, seed=options.seed, backend=options.backend,
            callback=lambda progress: note(client, fit, progress, options.kill_worker, watch),
        )
        fit.seconds = perf_counter() - start
    fit.params, fit.evaluations = np.concatenate([leaf.ravel() for leaf in result.params]), len(result.values)


@contextmanager
def placed(client: Client, makers: Sequence[Callable], *, keep: bool) -> Iterator:
    """The chunks on their workers, made if they are to be kept; they are let go at the end."""
    from distributed import wait

    from autodiff_trace import distributed

    shards = distributed.place(client, makers, keep=keep)
    try:
        if keep:
            wait(shards.futures)
        yield shards
    finally:
        shards.release()


def note(client: Client, fit: Fit, progress, kill_worker: bool, watch: Callable[[Fit], None]) -> None:
    """Keep what a step gave; in the middle of the step after half of them a worker is ended, if that is asked for."""
    fit.losses.append(float(progress.value))
    fit.steps.append(Step(progress.seconds, progress.seconds - progress.overhead))
    if kill_worker and fit.ended is None and 2 * len(fit.steps) >= fit.total:
        fit.ended = end_worker(client, progress.seconds / 2)
    watch(fit)
