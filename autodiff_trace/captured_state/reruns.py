"""A function that runs a second time, in the backward pass: it draws and reads what it drew and read at first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import TracedValueError, caller_line
from ..core.tracer import to_value
from .random_states import frozen, random_module, set_state, state_of
from .copying import NotCopied
from .restoring import Restorer
from .contents import sample
from .captured import CapturedState

__all__ = ["Rerun"]

SMALL_BYTES = 4096
"""Of arrays up to this size a copy is kept; of larger ones a fingerprint, which tells of most writes to them."""

MOST_COPIES = 64
"""How many arrays are kept as copies, at most."""

SAMPLED = 32
"""How many elements of an output are compared, besides its sum."""

TOLERANCE = {4: 1e-2, 8: 1e-3}
"""How much elements may differ, relative to the largest, by their size in bytes: there may be two ways to the same
value, which round differently, and many steps that amplify that. Sums may by a thousandth of this."""


class Excerpt(NamedTuple):
    """Some elements of an output, its sum, and at least the sum of its absolute values."""

    elements: np.ndarray
    total: Any
    size: Any


class Rerun:
    """Calls ``thunk(*roots)`` any number of times; from the second on all that it reads is as it was before the first.

    ``roots`` are the function and its plain arguments. Variables around it, what containers, objects and arrays hold,
    and generators of random numbers are looked for as ``jit`` does: in the code of the user, not in installed packages.
    Changed ones are replaced by copies (``restoring``), so that a later run is seen by nobody. The generators of the
    modules ``numpy.random`` and ``random`` are set back while it lasts.

    What is not found there shows in the outputs: they are compared with those of the first run.
    """

    def __init__(self, thunk: Callable[..., list], roots: Sequence[Any], name: str) -> None:
        self.thunk = thunk
        self.roots = list(roots)
        self.name = name
        self.outputs: list[Excerpt | None] | None = None
        self.captured = CapturedState(*roots, compared=False)
        crowded = self.captured.crowded
        self.arrays = [] if crowded else self.captured.arrays
        self.kept = [keep(array, i < MOST_COPIES) for i, array in enumerate(self.arrays)]
        shared = shared_generators()
        self.generators = [each for each in self.captured.generators if not any(each is other for other in shared)]
        self.states = list(map(state_of, self.generators))
        self.shared = []
        if "random" in self.captured.names or crowded or len(self.generators) < len(self.captured.generators):
            self.shared = [(generator, state_of(generator)) for generator in shared]
        self.captured.names = frozenset()  # a kilobyte

    def __call__(self) -> list:
        if self.outputs is None:
            outputs = self.thunk(*self.roots)
            self.note(outputs)
            return outputs
        with self.draws_of_then():
            try:
                outputs = self.thunk(*self.roots_of_then())
            except StopIteration:  # which a loop around would take for its own end
                self.refuse("an iterator")
                raise
        self.compare(outputs)
        return outputs

    def note(self, outputs: list) -> None:
        """Remember what the first run gave, and forget what turns out not to matter."""
        self.outputs = list(map(excerpt, outputs))
        self.shared = [(each, state) for each, state in self.shared if frozen(state_of(each)) != frozen(state)]
        self.forget_written()

    def forget_written(self) -> None:
        """After the first run: large arrays that the function itself writes into are its own business."""
        kept = [(array, each) for array, each in zip(self.arrays, self.kept) if type(each) is not int or
                fingerprint(array) == each]
        self.arrays, self.kept = [array for array, _ in kept], [each for _, each in kept]

    @contextmanager
    def draws_of_then(self) -> Iterator[None]:
        now = [state_of(generator) for generator, _ in self.shared]
        try:
            for generator, state in self.shared:
                set_state(generator, state)
            yield
        finally:
            for (generator, _), state in zip(self.shared, now):
                set_state(generator, state)

    def roots_of_then(self) -> list:
        """The roots as they were before the first run."""
        if self.captured.crowded:
            return self.roots
        arrays, states = {}, {}
        for array, kept in zip(self.arrays, self.kept):
            if type(kept) is int:
                if fingerprint(array) != kept:
                    self.refuse(f"an array of shape {array.shape}")
            elif array.shape != kept.shape or array.tobytes() != kept.tobytes():
                arrays[id(array)] = kept
        for generator, state in zip(self.generators, self.states):
            if frozen(state_of(generator)) != frozen(state):
                states[id(generator)] = state
        restorer = Restorer(self.captured, arrays, states)
        try:
            return list(map(restorer.copy, self.roots))
        except NotCopied as error:
            self.refuse(str(error))
            raise

    def refuse(self, what: str) -> None:
        raise TracedValueError(
            f"checkpoint: {self.name} is computed again in the backward pass ({caller_line()}), but {what} that it "
            "reads has been changed since its first run. Pass it as an argument, or a copy of it."
        ) from None

    def compare(self, outputs: list) -> None:
        for before, now in zip(self.outputs, map(excerpt, outputs)):
            if before is not None and not is_alike(before, now):
                raise TracedValueError(
                    f"checkpoint: {self.name}, computed again in the backward pass ({caller_line()}), gives other "
                    "values than at first. What changes from call to call, as random draws do, must be passed as an "
                    "argument, or come from variables of its own or of the functions around it."
                )


def keep(array: np.ndarray, as_copy: bool) -> Any:
    return array.copy(order="K") if as_copy and array.nbytes <= SMALL_BYTES else fingerprint(array)


def fingerprint(array: np.ndarray) -> int:
    return hash(sample(array))


def shared_generators() -> list:
    """The generators behind the functions of ``numpy.random`` and ``random``, as far as these are in use."""
    found: list = []
    if "numpy.random" in sys.modules:
        found.append(np.random.mtrand._rand)
    if (module := random_module()) is not None:
        found.append(module._inst)
    return found


def excerpt(output: Any) -> Excerpt | None:
    """What an output is now; None if it is no number."""
    value = to_value(output)
    if type(value) is not np.ndarray:
        return Excerpt(np.array([value]), 0.0, 0.0) if isinstance(value, np.number) else None
    if value.dtype.kind not in "biufc":
        return None
    if value.size <= SAMPLED:
        return Excerpt(value.ravel(order="K").copy(), 0.0, 0.0)
    flat = value.ravel(order="K")
    with np.errstate(all="ignore"):
        size = np.sqrt(flat.size * np.abs(np.vdot(flat, flat)))  # without an array for the absolute values
        return Excerpt(flat[:: -(-flat.size // SAMPLED)].copy(), np.sum(flat), size)


def is_alike(before: Excerpt, now: Any) -> bool:
    if now is None or now.elements.shape != before.elements.shape:
        return False
    if before.elements.tobytes() == now.elements.tobytes() and before.total == now.total:
        return True
    with np.errstate(all="ignore"):
        elements = np.abs(before.elements)
        tolerance = TOLERANCE[8 if elements.dtype.itemsize >= 8 else 4]
        most = tolerance * np.max(elements[np.isfinite(elements)], initial=0.0)
        if not np.allclose(now.elements, before.elements, rtol=tolerance, atol=most, equal_nan=True):
            return False
        return not np.abs(now.total - before.total) > 1e-3 * tolerance * before.size
