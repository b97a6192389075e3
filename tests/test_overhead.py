"""The benchmark of overhead: it checks results before it times them. No test asserts a time."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.overhead import BY_HAND, OURS, VECTOR, chain_candidates, step_candidates
from benchmarks.timing import agrees, compare, measure, to_arrays
from tests.conftest import ROOT


@pytest.mark.filterwarnings("ignore")  # peers may warn of what they like
@pytest.mark.parametrize("make_candidates, rtol", [
    (lambda: chain_candidates(0.5), 1e-9), (lambda: chain_candidates(VECTOR), 1e-9), (step_candidates, 1e-4),
], ids=["scalar", "vector", "step"])
def test_candidates_agree(make_candidates, rtol):
    candidates = make_candidates()
    expected = to_arrays(candidates[BY_HAND]())
    assert OURS in candidates
    for name, run in candidates.items():
        assert agrees(to_arrays(run()), expected, rtol), name


def test_wrong_results_are_not_timed():
    right = np.ones(3)
    rows = measure({BY_HAND: lambda: right, OURS: lambda: right, "wrong": lambda: right + 1e-3,
                    "wrong shape": lambda: np.ones((3, 1))}, 1e-9, 1, BY_HAND, OURS)
    assert [row[1] == "WRONG" for row in rows] == [False, False, True, True]


def test_ratio_to_itself_is_one():
    timings = compare({"a": lambda: None, "b": lambda: sum(range(100))}, "a", rounds=3)
    assert timings["a"].ratio == 1
    assert set(timings) == {"a", "b"}


WITHOUT_PEERS = """
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *args: None if name in ("autograd", "torch") else find_spec(name, *args)
from benchmarks.overhead import main
raise SystemExit(main(["--rounds", "1"]))
"""


def test_script_without_peers():
    result = subprocess.run([sys.executable, "-c", WITHOUT_PEERS], cwd=ROOT, capture_output=True, text=True,
                            encoding="utf-8")
    assert (result.returncode, result.stderr) == (0, "")
    assert "WRONG" not in result.stdout
    assert result.stdout.count("| autodiff_trace |") == 3


def test_bad_option():
    result = subprocess.run([sys.executable, "-m", "benchmarks.overhead", "--rounds", "0"], cwd=ROOT,
                            capture_output=True, text=True)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
