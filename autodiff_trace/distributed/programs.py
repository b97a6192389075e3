"""What runs on workers: the loss, compiled there once, on the shards of a group."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from distributed import get_worker
from distributed.protocol.pickle import loads

from ..compiler import jit
from ..compiler.jitted import Jitted
from ..core.pytree import tree_flatten, tree_leaves, tree_map
from ..transforms import value_and_grad
from .errors import add_note
from .sums import Part, Report, Sum, merge

__all__ = ["Batch", "Job", "Program", "Recipe", "compiled", "identity", "make_shard", "run_group"]

KEPT = 32
"""Losses that a worker keeps compiled."""

RETRACINGS = 8
"""How often a shard is computed again because the loss has taken a new path."""


class Program:
    """A loss as it travels: what makes it, pickled, and how to compile it."""

    def __init__(self, payload: bytes, backend: str | None) -> None:
        self.payload, self.backend = payload, backend

    def __reduce__(self) -> tuple:
        return Program, (self.payload, self.backend)

    def function(self) -> Callable:
        """The function, compiled, from those that this process has: pickled alike is one function."""
        key = self.payload, self.backend
        with lock:
            if key not in functions:
                functions[key] = compiled(loads(self.payload), self.backend)
                while len(functions) > KEPT:
                    functions.popitem(last=False)
            functions.move_to_end(key)
            return functions[key]


functions: OrderedDict[tuple[bytes, str | None], Callable] = OrderedDict()
lock = threading.Lock()


def compiled(loss: Callable, backend: str | None) -> Callable:
    """The value and gradient of ``loss``; one that is jitted keeps its own options, but for a back end that changes."""
    if isinstance(loss, Jitted) and backend is not None and loss.selection.backend == "auto":
        asked = loss.asked._replace(backend=backend)
        return value_and_grad(Jitted(loss.fun, loss.static_argnames, loss.passes, loss.constant, asked))
    if backend is None or isinstance(loss, Jitted):
        return value_and_grad(loss)
    return jit(value_and_grad(loss), backend=backend)


def evaluate(function: Callable, args: tuple) -> tuple:
    """Value and gradient as programs compute them: a call that traces gives other last bits than its replays do."""
    jitted = function if isinstance(function, Jitted) else getattr(function, "compiled", None)
    for _ in range(RETRACINGS):
        traces = None if jitted is None else jitted.traces
        result = function(*args)
        if jitted is None or jitted.traces == traces:
            break
    return result


class Recipe(NamedTuple):
    """A shard that is made anew each time: the function that makes it, pickled."""

    payload: bytes

    def make(self) -> Any:
        return compact(loads(self.payload)())


def make_shard(payload: bytes, number: int, keep: bool) -> Any:
    """The shard that a pickled function makes; unless it is to be kept, the recipe alone."""
    if not keep:
        return Recipe(payload)
    try:
        return Recipe(payload).make()
    except Exception as error:
        add_note(error, f"This was raised by the function that makes shard {number}, on worker {get_worker().address}.")
        raise


def identity(shard: Any) -> Any:
    return shard


def compact(shard: Any) -> Any:
    """With arrays that lie in memory as they do after they have travelled, so that BLAS computes the same of them."""

    def straight(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray) and not (leaf.flags.c_contiguous or leaf.flags.f_contiguous):
            return leaf.copy()
        return leaf

    return tree_map(straight, shard)


def rows_of(shard: Any) -> int:
    """The length of the first array that has an axis; 1 where there is none."""
    return next((int(leaf.shape[0]) for leaf in tree_leaves(shard) if getattr(leaf, "shape", ())), 1)


class Batch(NamedTuple):
    """Which rows of each shard a step takes: ``size`` of them, drawn for the seed, the step and the shard."""

    size: int
    seed: int
    step: int

    def draw(self, shard: Any, rows: int, number: int) -> Any:
        generator = np.random.default_rng((self.seed, self.step, number))
        index = np.sort(generator.choice(rows, self.size, replace=False, shuffle=False))

        def take(leaf: Any) -> Any:
            if not getattr(leaf, "shape", ()):
                return leaf
            if leaf.shape[0] != rows:
                raise ValueError(
                    f"arrays of one shard have {rows} and {leaf.shape[0]} rows; minibatches are drawn along the first "
                    "axis of all of them. Close over what is no data in the loss.")
            return leaf.iloc[index] if hasattr(leaf, "iloc") else leaf[index]  # pandas: its items are found by labels

        return tree_map(take, shard)


@dataclass
class Job:
    """The part of a step that is alike for all groups: parameters, pickled, and what becomes of a shard's result."""

    params: bytes | None
    count: int
    mean: bool
    weights: list[float] | None
    batch: Batch | None

    def with_params(self, params: bytes) -> Job:
        return replace(self, params=params)

    def __dask_tokenize__(self) -> str:
        return uuid.uuid4().hex  # else Dask would hash the parameters, in 50 ms a megabyte


def run_group(program: Program, job: Job, params: bytes | None, group: int, numbers: list[int], shards: list) -> Part:
    """The sums of a group of shards, one shard after the other."""
    start = time.perf_counter()
    function, params = program.function(), loads(job.params if params is None else params)
    sums: dict[tuple[int, int], Sum | None] = {}
    address = get_worker().address
    for number, shard in zip(numbers, shards):
        try:
            sums[0, number] = run_shard(function, job, params, number, shard)
        except Exception as error:
            add_note(error, f"This was raised for shard {number} of {job.count}, on worker {address}.")
            raise
        sums = merge(sums, job.count)
    return Part(sums, [Report(group, address, time.perf_counter() - start)])


def run_shard(function: Callable, job: Job, params: Any, number: int, shard: Any) -> Sum | None:
    shard = shard.make() if isinstance(shard, Recipe) else shard
    taken = rows = rows_of(shard)
    if not rows:
        return None
    scale = float(rows if job.weights is None else job.weights[number]) if job.mean or job.weights is not None else None
    weight = 1.0 if scale is None else scale
    if job.batch is not None and job.batch.size < rows:
        shard, taken = job.batch.draw(shard, rows, number), job.batch.size
        scale = weight if job.mean else weight * rows / taken
    value, gradient = evaluate(function, (params, *shard) if type(shard) is tuple else (params, shard))
    if np.ndim(value):
        raise TypeError(f"the loss has to return a number, but returned an array of shape {np.shape(value)}.")
    leaves = tree_flatten(gradient)[0]
    if scale is not None:
        value, leaves = scale * value, [None if leaf is None else scale * leaf for leaf in leaves]
    return Sum(value, leaves, weight, taken)
