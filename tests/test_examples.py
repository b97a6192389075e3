"""The examples run, on their small problem, and give what is known of their results."""

from __future__ import annotations

import runpy
import sys

import numpy as np
import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


CHECKS = {}
"""What is known of the result of each example's ``main(quick=True)``."""


def load(name, monkeypatch):
    """The names that an example defines, as ``python examples/NAME.py`` finds its neighbours."""
    path = FOLDER / f"{name}.py"
    if "scipy" in path.read_text(encoding="utf-8").lower():
        pytest.importorskip("scipy", reason=f"the example {name} needs SciPy")
    monkeypatch.syspath_prepend(str(FOLDER))
    return runpy.run_path(str(path))


def test_every_example_has_a_check():
    assert sorted(CHECKS) == EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, monkeypatch, capsys):
    result = load(name, monkeypatch)["main"](quick=True)
    CHECKS[name](result)
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 6, "an example says what it found, in a few lines"


@pytest.mark.parametrize("name", EXAMPLES)
def test_picture(name, monkeypatch, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    load(name, monkeypatch)["main"](quick=True, plot=tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000


def test_command_line(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    common = runpy.run_path(str(FOLDER / "_common.py"))
    monkeypatch.setattr(sys, "argv", ["example.py", "--quick", "--plot", "a.png"])

    def main(quick, plot):
        return quick, plot

    assert common["run"](main) == (True, "a.png")
