"""What commands share: a mistake of the user is one line on stderr, an interruption ends with what there is."""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

__all__ = ["OneLineParser", "Terminated", "UserError", "integer", "number", "run_script"]

INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
"""The exit statuses that a shell gives to what has ended by these signals."""


class UserError(Exception):
    """A mistake of the user, not of the program; its message is all that the user is shown."""


class Terminated(KeyboardInterrupt):
    """The process is asked to end, by SIGTERM: as if by Ctrl-C, but for the exit status."""


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults that say something; an option that is off, or has nothing, is so without being told."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        silent = action.default is None or action.default is False or action.default == []
        return action.help if silent else super()._get_help_string(action)


class OneLineParser(argparse.ArgumentParser):
    """An ArgumentParser that leaves out the usage before an error: that is for ``--help``."""

    def __init__(self, **kwargs) -> None:
        super().__init__(formatter_class=HelpFormatter, allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {one_line(message)}\n")


def integer(least: int, most: int) -> Callable[[str], int]:
    """An argument type: an integer from ``least`` to ``most``.

    >>> integer(1, 10)("7")
    7
    """

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected an integer from {least} to {most}, got {text!r}")
        return value

    return parse


def number(accepts: Callable[[float], bool], description: str) -> Callable[[str], float]:
    """An argument type: a finite number that ``accepts`` accepts.

    >>> number(lambda x: x > 0, "a positive number")("0.2")
    0.2
    """

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and accepts(value)):
            raise argparse.ArgumentTypeError(f"expected {description}, got {text!r}")
        return value

    return parse


def run_script(name: str, run: Callable[[], None]) -> int:
    """Call ``run`` and return the exit status of the script ``name``; what goes wrong is one line on stderr."""
    try:
        with termination_as_interrupt(), escapes_on_stdout():
            run()
    except UserError as error:
        return complain(name, f"error: {error}", 2)
    except MemoryError as error:
        return complain(name, f"error: not enough memory: {error}", 2)
    except BrokenPipeError:
        # The reader (`| head`) has all it wanted.
        discard_stdout()
        return 1
    except OSError as error:
        discard_stdout()
        return complain(name, f"error: {error}", 2)
    except Terminated:
        return complain(name, "terminated", TERMINATED)
    except KeyboardInterrupt:
        return complain(name, "interrupted", INTERRUPTED)
    return 0


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """SIGTERM raises :class:`Terminated` meanwhile, in the main thread, which alone has a say in signals.

    Processes that are forked meanwhile end by it as ever.
    """
    process = os.getpid()

    def terminate(number, frame):
        if os.getpid() == process:
            raise Terminated
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


@contextmanager
def escapes_on_stdout() -> Iterator[None]:
    """What the encoding of stdout lacks, if it is ASCII say, is printed as an escape meanwhile: ``3 \\xb5s``."""
    stdout = sys.stdout
    if getattr(stdout, "errors", None) != "strict" or not hasattr(stdout, "reconfigure"):
        yield
        return
    stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        stdout.reconfigure(errors="strict")


def discard_stdout() -> None:
    """What is left to print goes nowhere: Python would fail on it once more, and say so, at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(name: str, message: str, status: int) -> int:
    print(f"{name}: {one_line(message)}", file=sys.stderr)
    return status


def one_line(message: str) -> str:
    return " ".join(message.split())
