"""The value and gradient of a loss over shards, as a function of the parameters."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from distributed import Client

from ..core.pytree import tree_flatten, tree_leaves, tree_unflatten
from .programs import Batch, Job, Program, compiled
from .shards import Shards, pack, place
from .steps import StepInfo, Steps

__all__ = ["Objective", "value_and_grad"]


def value_and_grad(
    loss: Callable[..., Any], client: Client, shards: Any, *, reduction: str = "sum",
    weights: Sequence[float] | None = None,
    penalty: Callable[..., Any] | None = None, backend: str | None = "numpy", retries: int = 0,
    timeout: float | None = None,
) -> Objective:
    """A function from parameters to the value and gradient of ``loss`` over all shards, computed on their workers.

    Arguments:
        loss: ``loss(params, *shard)`` of a shard that is a tuple, ``loss(params, shard)`` of another one. It is sent
            once and compiled there by :func:`jit`; one that is jitted keeps its own options, but for ``"auto"``.
        client, shards: as in :func:`place`, or what that returned.
        reduction: ``"sum"``: the sum of the losses of the shards; ``"mean"``: their mean, weighted by their numbers of
            rows, which is the mean over all rows where the loss is a mean over rows. A shard without rows counts for
            nothing.
        weights: a number for each shard, in place of 1 (``"sum"``) or its rows (``"mean"``).
        penalty: a function of the parameters alone, added once.
        backend: as in :func:`jit`; None: not compiled. (``"auto"`` would change last bits in the middle.)
        retries: how many times the work of a shard is tried again where it raises an error.
        timeout: seconds that a step may take, else it ends by a DistributedError.

    Returns a callable :class:`Objective`. Sums are added in one order: results are the same to the last bit for any
    number of workers, and after some of them are lost. What the loss raises comes back as it is, with a note of the
    shard. Raises DistributedError where the cluster cannot go on.

    >>> step = value_and_grad(loss, client, [(X1, y1), (X2, y2)], reduction="mean")  # doctest: +SKIP
    >>> value, gradient = step(params)  # doctest: +SKIP
    """
    return Objective(loss, client, shards, reduction, weights, penalty, backend, retries, timeout)


class Objective:
    """``value, gradient = objective(params)``; ``objective.last`` tells what the last step took."""

    def __init__(
        self, loss: Callable[..., Any], client: Client, shards: Any, reduction: str, weights: Sequence[float] | None,
        penalty: Callable[..., Any] | None, backend: str | None, retries: int, timeout: float | None,
    ) -> None:
        if not callable(loss):
            raise TypeError(f"value_and_grad: the loss has to be a function, got a {type(loss).__name__}.")
        if reduction not in ("sum", "mean"):
            raise ValueError(f"reduction has to be 'sum' or 'mean', got {reduction!r}.")
        if backend == "auto":
            raise ValueError("backend='auto' would change last bits when machine code is ready: 'numpy' or 'native'.")
        self.owns_shards = not isinstance(shards, Shards)
        self.shards = place(client, shards)
        self.weights = None if weights is None else [float(weight) for weight in weights]
        if weights is not None and len(self.weights) != len(self.shards):
            raise ValueError(f"there are {len(self.weights)} weights for {len(self.shards)} shards.")
        self.mean = reduction == "mean"
        self.penalty = None if penalty is None else compiled(penalty, backend)
        name = f"{getattr(loss, '__name__', 'loss')}-{uuid.uuid4().hex[:8]}"
        self.steps = Steps(self.shards, Program(pack("the loss", loss), backend), name, retries, timeout)
        self.last: StepInfo | None = None

    def __call__(self, params: Any, batch: Batch | None = None) -> tuple[Any, Any]:
        """The value and the gradient, of the form of ``params``; of these rows alone where there is a batch."""
        leaves, structure = tree_flatten(params)
        job = Job(None, len(self.shards), self.mean, self.weights, batch)
        part, self.last = self.steps.run(params, job)
        total = next(iter(part.sums.values()))
        if total is None:
            raise ValueError("none of the shards has rows.")
        value, gradient = total.value, total.gradient
        if self.mean:
            if not total.weight:
                raise ValueError("the weights of the shards add up to zero.")
            value = value / total.weight
            gradient = [None if leaf is None else leaf / total.weight for leaf in gradient]
        if self.penalty is not None:
            more, slopes = self.penalty(params)
            value = value + more
            gradient = [a if b is None else b if a is None else a + b for a, b in zip(gradient, tree_leaves(slopes))]
        return value, tree_unflatten(structure, gradient)

    def close(self) -> None:
        """Let go what this has on the cluster: the loss, and the shards where it has placed them itself."""
        self.steps.close()
        if self.owns_shards:
            self.shards.release()

    def __enter__(self) -> Objective:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
