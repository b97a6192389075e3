"""Executables: a program that has been compiled, with the buffers that its runs write into."""

from __future__ import annotations

import builtins
import itertools
import linecache
from collections.abc import Callable
from functools import partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from ....core.errors import PACKAGE_NAME
from .arena import arena
from ...ir.memory import Buffer
from .emit import Source
from ...record.guards import Miss
from ....captured_state.places import write_states
from .kernels import BlockRunner
from .threads import num_threads

__all__ = ["NotFinite", "Executable"]

numbers = itertools.count(1)


class NotFinite(Exception):
    """A program that trusts that all is finite, ``executable``, met something that is not."""

    def __init__(self, executable: Executable) -> None:
        self.executable = executable


class Executable:
    """A compiled program. Calls of it at the same time, in several threads, have buffers of their own."""

    PATIENCE = 3
    """Failures of a program that trusts that all is finite after which it is not tried again."""

    def __init__(self, source: Source, buffers: list[Buffer], trusting: bool = False) -> None:
        self.source = source
        self.trusting = trusting
        self.exact: Executable | None = None  # the same program without that trust, once it has been needed
        self.failures = 0
        self.states: list = []  # places outside, whose new values follow the result
        self.at_first_run: Callable[[], None] | None = None  # is called then
        self.buffers = buffers
        of_kernels = [buffer.nbytes for plan in source.kernels.values() for buffer in plan.buffers]
        self.nbytes = sum(buffer.nbytes for buffer in buffers) + num_threads() * sum(of_kernels)
        self.filename = f"<{PACKAGE_NAME} jit {source.entry} {next(numbers)}>"
        self.code = None
        self.idle: list[Callable] = []  # instances that no call is using; append and pop are atomic
        self.granted = 0  # instances that may be kept

    def run(self, leaves: list) -> Any:
        """Run the program. A Miss says that it is not the one for these values."""
        if self.failures >= self.PATIENCE:
            return self.exact.run(leaves)
        try:
            instance = self.idle.pop()
        except IndexError:
            instance = self.make_instance()
        try:
            result = instance(*leaves)
        except BaseException as error:
            # It may be Ctrl-C, or what a handler of signals raises: workers may still write into the buffers.
            self.drop_instance()
            # Of math.log(0), 1.0 / 0.0, or of the last check.
            if not self.trusting or not isinstance(error, (ArithmeticError, ValueError)):
                raise
            if self.exact is None:
                raise NotFinite(self) from error
            self.failures += 1
        else:
            if len(self.idle) < self.granted:
                self.idle.append(instance)
            return result
        return self.exact.run(leaves)

    def drop_instance(self) -> None:
        """An instance that a call has used is not used again."""
        if self.granted:
            self.granted -= 1
            arena.give_back(self.nbytes)

    @property
    def held(self) -> int:
        """Bytes that it holds between calls."""
        return self.granted * self.nbytes

    @property
    def is_reentrant(self) -> bool:
        """Whether calls at the same time may share an instance: it writes into no buffers."""
        return not self.buffers and not self.source.kernels

    def make_instance(self) -> Callable:
        """The program as a function with buffers of its own; it is kept for other calls if the arena has room."""
        if self.at_first_run is not None:
            start, self.at_first_run = self.at_first_run, None
            start()
        self.granted += arena.take(self.nbytes)
        if self.code is None:
            text = self.source.text
            # Tracebacks show the emitted lines. (None for the time of change: linecache.checkcache keeps the entry.)
            linecache.cache[self.filename] = len(text), None, text.splitlines(True), self.filename
            self.code = compile(text, self.filename, "exec")
        names = dict(self.source.names)
        for i, buffer in enumerate(self.buffers):
            names[f"b{i}"] = buffer.make()
        exec(self.code, names)
        for name, plan in self.source.kernels.items():
            # Of the names without buffers and kernels: no cycle of references keeps those from being let go.
            names[name] = BlockRunner(plan, partial(with_buffers, names[name].__code__, self.source.names))
        program = names.pop(self.source.entry)
        return partial(run_and_write, program, self.states) if self.states else program

    def __del__(self, lines: dict = linecache.cache, give_back: Callable = arena.give_back) -> None:
        """``lines`` and ``give_back`` are there also when the interpreter ends and has cleared its modules."""
        known = vars(self)  # not all, where it is let go before it is made (Ctrl-C)
        lines.pop(known.get("filename"), None)
        give_back(known.get("granted", 0) * known.get("nbytes", 0))


def with_buffers(code: CodeType, names: dict[str, Any], arrays: list[np.ndarray]) -> FunctionType:
    """A kernel's function with these arrays as its buffers. (What NumPy warns of looks for the built-in names.)"""
    return FunctionType(code, {"__builtins__": builtins, **names, **{f"s{i}": array for i, array in enumerate(arrays)}})


def run_and_write(program: Callable, states: list, *leaves: Any) -> Any:
    """Run a program, and then change the variables outside as the function does."""
    result = program(*leaves)
    if type(result) is Miss:
        return result
    result, news = result
    write_states(states, news)
    return result
