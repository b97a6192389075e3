"""States of random generators: to see that a function draws behind the back of a trace, and to take draws back."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any

import numpy as np

__all__ = [
    "RandomStates", "copy_generator", "frozen", "numpy_state", "random_module", "restore_numpy", "set_state",
    "state_of",
]

FIRST_POSITION = 623
"""Where NumPy's own generator, the Mersenne Twister, stands before its first draw."""


class RandomStates:
    """The states of ``generators``, of the module ``random`` and of NumPy's own generator, as they are now."""

    def __init__(self, generators: Sequence[Any]) -> None:
        self.generators = list(generators)
        self.random = random_module()
        if self.random is not None:
            self.generators.append(self.random)
        self.states = list(map(state_of, self.generators))
        self.numpy = numpy_state()
        self.is_watched = self.has_called = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Whether it is this thread that draws from ``random``: asked outside the main thread, which may draw
        meanwhile, as that of Dask's workers does twice a second. Calls take longer."""
        self.is_watched = (
            self.random is not None and current_thread() is not main_thread() and sys.getprofile() is None)
        if not self.is_watched:
            yield
            return
        generator = self.random.random.__self__

        def look(frame, event, called):
            if event == "c_call" and getattr(called, "__self__", None) is generator:
                self.has_called = True

        sys.setprofile(look)
        try:
            yield
        finally:
            sys.setprofile(None)

    def drawn_from(self, numpy_now: Any) -> bool:
        """Whether there have been draws, besides those after which NumPy's own generator is in ``numpy_now``."""
        count = len(self.generators) - self.is_watched
        if self.has_called or frozen(list(map(state_of, self.generators[:count]))) != frozen(self.states[:count]):
            return True
        now = numpy_state()
        if numpy_now is None and now is not None:  # it has been loaded meanwhile
            return now[2] != FIRST_POSITION
        return frozen(now) != frozen(numpy_now)

    def restore(self) -> None:
        """Take back all draws since."""
        for generator, state in zip(self.generators, self.states):
            set_state(generator, state)
        restore_numpy(self.numpy)


def random_module() -> Any:
    """The module ``random``, None if it has not been loaded, or is being loaded by another thread."""
    module = sys.modules.get("random")
    return module if hasattr(module, "setstate") else None


def state_of(generator: Any) -> Any:
    if hasattr(generator, "bit_generator"):
        return generator.bit_generator.state
    return generator.get_state() if hasattr(generator, "get_state") else generator.getstate()


def set_state(generator: Any, state: Any) -> None:
    """Let ``generator`` go on from ``state``."""
    if hasattr(generator, "bit_generator"):
        generator.bit_generator.state = state
    elif hasattr(generator, "set_state"):  # RandomState
        generator.set_state(state)
    else:
        generator.setstate(state)


def copy_generator(generator: Any, state: Any) -> Any:
    """A generator of its own that goes on from ``state``."""
    new = copy.deepcopy(generator)
    set_state(new, state)
    return new


def numpy_state() -> Any:
    """The state of the generator behind the functions of ``numpy.random``; None if that has not been loaded."""
    return np.random.get_state() if "numpy.random" in sys.modules else None


def restore_numpy(state: Any) -> None:
    """Let the generator behind the functions of ``numpy.random`` go on from here."""
    if state is not None:
        np.random.set_state(state)


def frozen(state: Any) -> Any:
    """A state as something that can be compared."""
    if isinstance(state, np.ndarray):
        return state.tobytes()
    if isinstance(state, dict):
        return tuple(state), frozen(list(state.values()))
    if is_hashable(state):  # the 625 integers of the module ``random``: not walked through in Python
        return state
    return [frozen(item) for item in state] if isinstance(state, (list, tuple)) else state


def is_hashable(state: Any) -> bool:
    """Whether a state holds nothing that can change."""
    try:
        hash(state)
    except TypeError:
        return False
    return True
