"""The benchmark of data-parallel training, at small sizes: its tables, whoever computes them, and its interruption."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.data_parallel import cluster
from benchmarks.data_parallel.fits import Fit, Step, split_rows
from benchmarks.data_parallel.report import differing, results_table, speed_table, targets
from benchmarks.data_parallel.shards import make_regression
from benchmarks.distributed import main
from tests.conftest import ROOT
from tests.test_mlp import check_error, run_here

SMALL = ("--memory-limit 400 --rows 4500 --shard-rows 1000 --features 5 --iterations 4 --digits 2000 --digit-shards 4 "
         "--batch 50 --hidden 8 --steps 4 --no-peer").split()
END_SECONDS = 60


def start(*options):
    """The command in a group of processes of its own."""
    pytest.importorskip("distributed")
    pytest.importorskip("scipy")
    if not hasattr(os, "killpg"):
        pytest.skip("there are no groups of processes here")
    command = [sys.executable, "-m", "benchmarks.distributed", *SMALL, *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            encoding="utf-8", start_new_session=True, preexec_fn=heed_interrupts)


def heed_interrupts():
    """A shell lets what runs in its background ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(process, status=0):
    """What it printed, after it has ended with nothing left of it."""
    try:
        output, errors = process.communicate(timeout=END_SECONDS)
        assert process.returncode == status, errors
        assert running(process.pid) == []
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    return output, errors


def running(group):
    """The processes of a group, but for those that have ended and that nobody has asked about yet."""
    found = []
    for each in pytest.importorskip("psutil").process_iter(["pid", "status", "cmdline"]):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(each.pid) == group and each.info["status"] != "zombie":
                found.append(each.info)
    return found


def results(output):
    """The lines of the table of results."""
    table = output.partition("\n| results")[2].partition("\n\n")[0]
    assert table.count("\n") == 2, output
    return table


def test_the_results_are_those_of_one_worker_also_after_the_death_of_one_of_two():
    alone = start("--fit", "network", "--workers", "1")
    killed = start("--fit", "network", "--workers", "2", "--kill-worker")
    (expected, errors), (output, _) = finish(alone), finish(killed)
    assert errors == ""
    assert results(output) == results(expected)
    assert output.count("was killed") == 1
    for what in "rows/s", "efficiency", "peak memory", "overhead of a step":
        assert what in expected


def test_an_interrupted_run_shows_what_it_has_and_leaves_no_process():
    process = start("--workers", "1", "--steps", "1000000")
    lines = iter(process.stdout.readline, "")
    assert any(line.startswith("logistic regression") for line in lines)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = finish(process, status=130)
    assert results(output + "\n").count("logistic regression") == 1 and "interrupted" in errors


def test_without_dask_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("benchmarks.distributed.set_threads", lambda count: None)
    monkeypatch.setitem(sys.modules, "distributed", None)
    check_error(run_here(main, []), "pip install", "distributed")


def test_a_scheduler_that_is_not_there(monkeypatch):
    pytest.importorskip("distributed")
    pytest.importorskip("scipy")
    monkeypatch.setattr("benchmarks.distributed.set_threads", lambda count: None)
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    check_error(run_here(main, ["--scheduler", "tcp://127.0.0.1:1"]), "--scheduler", "no scheduler")


def fit(workers, seconds, losses=(2.0, 1.0), params=(0.5,)):
    return Fit("regression", workers, 1000, 2, list(losses), [Step(seconds, seconds - 0.01)] * 2, 2 * seconds, 2,
               np.array(params))


def test_the_tables():
    fits = [fit(1, 0.1), fit(2, 0.06)]
    assert differing(fits) == [] and results_table(fits).count("\n") == 2
    assert "16,667 |  1.67 |        83% |" in speed_table(fits)
    assert targets(fits)[-1] == "regression, 2 workers: efficiency 83%, at least 85%: MISSED"
    assert targets(fits)[0].endswith("overhead of a step 10 ms, at most 15 ms: reached")


def test_a_difference_in_the_last_bit_is_one():
    fits = [fit(1, 0.1), fit(2, 0.06, params=(np.nextafter(0.5, 1.0),))]
    assert len(differing(fits)) == 2 and results_table(fits).count("\n") == 3


def test_a_chunk_is_the_same_wherever_it_is_made():
    X, y = make_regression(3, 1, 100, 4)
    again = make_regression(3, 1, 100, 4)
    assert np.array_equal(X, again[0]) and np.array_equal(y, again[1]) and set(y) == {0.0, 1.0}
    assert not np.array_equal(X, make_regression(3, 2, 100, 4)[0])
    assert sum(split_rows(1050, 100)) == 1050
