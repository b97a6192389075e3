"""What the scripts share on the command line: a user's mistake is one line on stderr and exit status 2."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from typing import NoReturn

__all__ = ["OneLineParser", "UserError", "integer", "number", "run_script"]


class UserError(Exception):
    """A mistake of the user, not of the program; its message is all that the user is shown."""


class OneLineParser(argparse.ArgumentParser):
    """An ArgumentParser that leaves out the usage before an error: that is for ``--help``."""

    def __init__(self, **kwargs) -> None:
        super().__init__(formatter_class=argparse.ArgumentDefaultsHelpFormatter, allow_abbrev=False, **kwargs)

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
    except KeyboardInterrupt:
        return complain(name, "interrupted", 130)
    return 0


def discard_stdout() -> None:
    """What is left to print goes nowhere: Python would fail on it once more, and say so, at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(name: str, message: str, status: int) -> int:
    print(f"{name}: {one_line(message)}", file=sys.stderr)
    return status


def one_line(message: str) -> str:
    return " ".join(message.split())
