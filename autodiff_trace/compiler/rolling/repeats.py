"""Repeats: stretches of a recorded program in which the same calls, of values of the same kinds, come again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...numpy import wrapped
from ..record.guards import outcome
from ..ir.node import Node, Program
from ..schedule import fusion

__all__ = ["find_repeats", "flatten", "list_calls"]

NESTED = {tuple, list, slice}

WRITES = {id(wrapped.set_item), id(wrapped.write_item), id(wrapped.add_at)}
"""What writes into arrays: a turn of a loop would copy those that it did not make."""

SMALL = 64
"""Elements of arrays that may be copied."""

WINDOW = 8
"""Calls that have to be the same for a period to be looked for."""

TRIES = 16
"""Periods that are tried at a place, at most."""

FEWEST_TURNS = 3


def list_calls(program: Program) -> tuple[np.ndarray, list]:
    """For each step a number that those alone share that call the same for values of the same kinds, and the leaves of
    its arguments. What cannot be in a loop has a number of its own."""
    known: dict[Any, int] = {}
    numbers = np.empty(len(program.steps), np.int64)
    leaves = []
    for i, step in enumerate(program.steps):
        args = step.args
        kinds: Any = tuple(map(type, args))
        if step.kwargs or not NESTED.isdisjoint(kinds):
            kinds, args = flatten(step)
        leaves.append(args)
        spec: Any = step.spec
        if step.kind == "guard":  # other outcomes are other programs
            spec = "guard", outcome(step.value)
        elif step.kind != "call" or spec.nbytes >= fusion.LARGE or spec.size > SMALL and id(step.function) in WRITES:
            numbers[i] = -1 - i
            continue
        state = tuple(step.errstate.items()) if step.errstate else None
        numbers[i] = known.setdefault((id(step.function), kinds, spec, state), len(known))
    return numbers, leaves


def flatten(step: Node) -> tuple[tuple, list]:
    """The form of the arguments of a step, and their leaves: what is no tuple, list or slice."""
    leaves: list = []
    kinds = form_of(step.args, leaves)
    return (kinds, tuple(step.kwargs), form_of(step.kwargs.values(), leaves)) if step.kwargs else kinds, leaves


def form_of(args: Iterable, leaves: list) -> tuple:
    kinds: list = []
    for arg in args:
        kind = type(arg)
        if kind is tuple or kind is list:
            kinds.append((kind, form_of(arg, leaves)))
        elif kind is slice:
            kinds.append((slice, form_of((arg.start, arg.stop, arg.step), leaves)))
        else:
            kinds.append(kind)
            leaves.append(arg)
    return tuple(kinds)


def find_repeats(numbers: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Stretches that repeat themselves: where each begins, its period, and how many turns there are."""
    count = len(numbers)
    if count < FEWEST_TURNS * WINDOW:
        return
    hashes = hash_windows(numbers)
    order = np.argsort(hashes, kind="stable")
    following = np.full(len(hashes), -1)
    same = hashes[order[1:]] == hashes[order[:-1]]
    following[order[:-1][same]] = order[1:][same]
    following, hashed = following.tolist(), hashes.tolist()
    budget = 200 + count // 20
    i = 0
    while i < len(following):
        best = 0, 0, 0
        j = following[i]
        tries = TRIES
        while j >= 0 and tries and budget:
            tries -= 1
            period = j - i
            third = i + 2 * period
            half = i + period // 2
            if third < len(hashed) and hashed[third] == hashed[i] and hashed[half] == hashed[half + period]:
                budget -= 1
                turns = length_of_match(numbers, i, j) // period + 1
                if turns >= FEWEST_TURNS and turns * period > best[0] + period:
                    best = turns * period, period, turns
            j = following[j]
        length, period, turns = best
        if turns:
            yield i, period, turns
        i += max(1, length)


def hash_windows(numbers: np.ndarray) -> np.ndarray:
    """A number for the calls in each window."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    length = len(numbers) - WINDOW + 1
    hashes = np.zeros(length, np.uint64)
    for k in range(WINDOW):
        hashes = hashes * np.uint64(0xBF58476D1CE4E5B9) + mixed[k:k + length]
    return hashes


def length_of_match(numbers: np.ndarray, i: int, j: int) -> int:
    """How many numbers from place ``i`` on are those from ``j`` on."""
    length, size = 0, 64
    while j + length < len(numbers):
        first = numbers[i + length:i + length + size]
        second = numbers[j + length:j + length + size]
        differ = np.flatnonzero(first[:len(second)] != second)
        if differ.size:
            return length + int(differ[0])
        length += len(second)
        size *= 4
    return length
