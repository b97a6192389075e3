"""Mistakes as users make them, and what they are told: the rows of ``mistakes/*.txt``, which ``test_mistakes`` runs.

A row is a title, a program, and the error, exactly::

    == a function that forgets to return
    def loss(x):
        anp.sum(x * x)
    grad(loss)(np.ones(2))
    -- TypeError
    grad: the function returned None; it must return a number or an array.

The program has the names of :func:`names`; its file is called ``user.py``. ``python tests/mistakes.py`` writes the
errors that come out behind the programs: to be read before they are committed.
"""

import math
import sys
import textwrap
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autodiff_trace
from autodiff_trace import extend, nn, optim, testing

FOLDER = Path(__file__).parent / "mistakes"
FILE = "user.py"
WIDTH = 120


class Mistake(NamedTuple):
    title: str
    program: str
    kind: str
    text: str


def names():
    """What a program knows: NumPy, and all that the package has."""
    public = {name: getattr(autodiff_trace, name) for name in autodiff_trace.__all__}
    return {**public, "__name__": "user", "np": np, "anp": autodiff_trace.numpy, "math": math, "extend": extend,
            "nn": nn, "optim": optim, "testing": testing}


def read(path):
    """The rows of a file."""
    rows = []
    for part in path.read_text(encoding="utf-8").split("\n== ")[0:]:
        title, _, rest = part.removeprefix("== ").partition("\n")
        program, _, error = rest.partition("\n-- ")
        kind, _, text = error.partition("\n")
        rows.append(Mistake(title, program.strip("\n") + "\n", kind, " ".join(text.split())))
    return rows


def needed(program):
    """The libraries that a program imports."""
    lines = [line.split() for line in program.splitlines()]
    return {words[1].partition(".")[0] for words in lines if words[:1] == ["import"]} - {"autodiff_trace"}


def run(program):
    """The error of a program."""
    scope = names()
    try:
        exec(compile(program, FILE, "exec"), scope)
    except Exception as error:
        return error
    return None


def said(error):
    """The text of an error in one line."""
    return " ".join(str(error).split())


def write(path):
    parts = []
    for row in read(path):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            error = run(row.program)
        text = "\n".join(textwrap.wrap(said(error), WIDTH, break_long_words=False, break_on_hyphens=False))
        parts.append(f"== {row.title}\n{row.program}-- {type(error).__name__}\n{text}\n")
    path.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.txt")):
        if len(sys.argv) < 2 or path.stem in sys.argv[1:]:
            write(path)
