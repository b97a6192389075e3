"""The command ``python -m benchmarks``: results are checked before they are timed. No test asserts a time."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import command
from benchmarks.__main__ import main
from benchmarks.command import print_report
from benchmarks.library import ByHand, Eager
from benchmarks.peers import find_libraries
from benchmarks.plotting import plot_ratios
from benchmarks.record import read_record, write_record
from benchmarks.report import changes, ratio_table, summary, time_cells
from benchmarks.suite import ABSENT, ERROR, OK, WRONG, Measurement, Row, agrees, find_reference, measure, to_arrays
from benchmarks.targets import general_targets, judge, target_table
from benchmarks.timing import ratio, sample_in_turn
from benchmarks.workload import Target, Workload
from benchmarks.workloads import ALL
from tests.test_mlp import check_error, run_command, run_here


@pytest.fixture
def run(monkeypatch):
    """The command in this process, which keeps its number of threads."""
    monkeypatch.setattr("benchmarks.__main__.set_threads", lambda count: None)
    return lambda *options: run_here(main, options)


SQUARES = Workload("squares", "Sum of squares", "overhead", lambda: (np.arange(3.0),), lambda np, x: np.sum(x * x),
                   by_hand=lambda x: 2 * x, targets=(Target("numpy", subject="eager"),))
OURS = {"numpy": ByHand(), "eager": Eager()}


def measure_once(workload, libraries=OURS):
    complaints = []
    return measure(workload, libraries, 0.0, 1, complaints.append), complaints


def row(name="squares", **samples):
    return Row(name, name, "overhead", None, "numpy", {key: Measurement(OK, 1.0, s) for key, s in samples.items()})


# Workloads


def test_names_are_unique():
    assert len({workload.name for workload in ALL}) == len(ALL)


LARGE = {"size-1e7", "size-1e6", "per-example-784", "quadratic-map", "two-products", "triad"}
"""They repeat smaller ones, or take long."""


@pytest.mark.parametrize("workload", [w for w in ALL if w.name not in LARGE and "numpy" not in w.calls],
                         ids=lambda workload: workload.name)
def test_our_results_are_those_by_hand(workload):
    inputs = workload.inputs()
    expected = to_arrays(workload.by_hand(*inputs))
    assert agrees(to_arrays(Eager().prepare(workload, inputs)()), expected, workload.rtol)


FIRST_ORDER = ("chain-vector", "mnist-step")


@pytest.mark.filterwarnings("ignore")  # peers may warn of what they like
@pytest.mark.parametrize("name", ["autograd", "jax", "torch", "mygrad"])
@pytest.mark.parametrize("chosen", [*FIRST_ORDER, "hessian", "hvp", "jacobian", "per-example-64"])
def test_peers_agree(name, chosen):
    library = find_libraries().get(name)
    if library is None:
        pytest.skip(f"{name} is not installed")
    library.start(1)
    workload = next(workload for workload in ALL if workload.name == chosen)
    inputs = workload.inputs()
    run = library.prepare(workload, inputs)
    if name == "mygrad" and chosen not in FIRST_ORDER:
        assert run is None
    else:
        assert agrees(to_arrays(run()), to_arrays(workload.by_hand(*inputs)), workload.rtol)


# Checks before the clock


def test_wrong_result_is_not_timed():
    sabotaged = replace(SQUARES, losses={"eager": lambda np, x: np.sum(x * x * 1.001)})
    measured, _ = measure_once(sabotaged)
    assert measured.results["eager"] == Measurement(WRONG, measured.results["eager"].first_call, [])
    assert time_cells(measured, ["eager"]) == ["WRONG"]
    assert target_table([sabotaged], [measured]) == ""


def test_second_call_is_checked_too():
    answers = iter([np.ones(3), np.zeros(3)])
    fickle = replace(SQUARES, by_hand=lambda x: np.ones(3), calls={"eager": lambda x: lambda: next(answers)})
    assert measure_once(fickle)[0].results["eager"].status == WRONG


def test_error_is_one_line_and_the_others_are_timed():
    broken = replace(SQUARES, losses={"eager": lambda np, x: np.nothing(x)})
    measured, complaints = measure_once(broken)
    assert measured.results["eager"].status == ERROR
    assert measured.results["numpy"].status == OK
    assert len(complaints) == 1 and "squares: eager: AttributeError" in complaints[0]


def test_library_without_a_loss_takes_no_part():
    measured, complaints = measure_once(replace(SQUARES, losses={"eager": None}, by_hand=None))
    assert [result.status for result in measured.results.values()] == [ABSENT, ABSENT]
    assert complaints == []
    assert time_cells(measured, ["eager"]) == ["-"]


def test_without_numpy_by_hand_the_majority_is_right():
    right, wrong = [[np.ones(3)]] * 2, [[np.zeros(3)]] * 2
    assert find_reference({"eager": wrong, "jax": right, "torch": right}, 1e-9) == "jax"
    assert find_reference({"eager": wrong, "numpy": right}, 1e-9) == "numpy"
    assert find_reference({}, 1e-9) == ""


def test_agreement_is_relative_to_the_largest_entry():
    assert agrees([np.array([1e9, 1e-3])], [np.array([1e9, 0.0])], 1e-9)
    assert not agrees([np.ones((3, 1))], [np.ones(3)], 1e-9)
    assert not agrees([np.ones(3)], [np.ones(3), np.ones(3)], 1e-9)


# Timing and report


def test_functions_are_sampled_in_turn():
    calls = []
    samples = sample_in_turn({"a": lambda: calls.append("a"), "b": lambda: sum(range(100))}, 1.0, range(3))
    assert {name: len(values) for name, values in samples.items()} == {"a": 3, "b": 3}
    assert ratio(samples["a"], samples["a"]) == 1
    assert len(sample_in_turn({"a": lambda: None}, 0.0, range(100))["a"]) == 3


@pytest.mark.parametrize("target, ours, theirs, asked, seen, reached", [
    (Target("torch", 15), [1.0], [20.0], "jit at least 15 times as fast as torch", "20 times", True),
    (Target("torch", 15), [1.0], [12.0], "jit at least 15 times as fast as torch", "12 times", False),
    (Target("numpy", 1 / 1.5, "eager"), [1.4], [1.0], "eager takes at most 1.5 times the time of numpy",
     "1.4 times", True),
    (Target("numpy", more=4e-7, subject="eager"), [8e-7], [3e-7], "eager takes at most 400 ns longer than numpy",
     "500 ns longer", False),
])
def test_targets(target, ours, theirs, asked, seen, reached):
    assert judge(target, ours, theirs) == (asked, seen, reached)


def test_missed_target_is_marked():
    assert target_table([SQUARES], [row(numpy=[1.0], eager=[2.0])]).splitlines()[-1].endswith("|      no |")


def test_targets_of_all_workloads():
    rows = [row("a", eager=[1.0], autograd=[2.0]), row("b", eager=[3.0], autograd=[1.0])]
    assert list(general_targets(rows)) == [("every workload", "eager at least as fast as autograd", "on 1 of 2", False)]
    assert list(summary(rows)) == ["eager faster than autograd on 1 of 2 workloads (median 1.17 ×); behind: b 0.333"]


def test_changes():
    old, new = row(numpy=[1.0], eager=[2.0]), row(numpy=[2.0], eager=[8.0])
    assert list(changes([old], [new])) == ["squares: eager slower by 2 × (to numpy)"]
    assert list(changes([new], [old])) == ["squares: eager faster by 2 × (to numpy)"]
    assert list(changes([old], [old])) == list(changes([], [new])) == ["nothing has changed by more than 10%"]


def test_ratios_are_to_jit_where_it_takes_part():
    table = ratio_table([row(numpy=[1.0], eager=[4.0], jit=[2.0])], ["numpy", "eager", "jit"])
    assert "times the time of jit" in table
    assert [cell.strip() for cell in table.splitlines()[-1].split("|")[2:5]] == ["0.5", "2", "1"]


def test_each_table_says_how_to_read_it(capsys):
    rows = [row(numpy=[1.0], eager=[2.0]), row("b", numpy=[3.0], eager=[1.5])]
    print_report([SQUARES, SQUARES], rows, {name: find_libraries()[name] for name in ("numpy", "eager")})
    text = capsys.readouterr().out
    assert "eager: this library as it is, call by call, nothing compiled." in text
    for title in "Relative to the best of the others", "Relative to eager", "Goals":
        assert re.search(rf"^{title}\. [A-Z].+\.$", text, flags=re.MULTILINE), title
    assert re.search(r"^\| workload +\| +goal \| measured here \| reached \|$", text, flags=re.MULTILINE)


def test_the_chart_names_the_line_of_numpy(tmp_path):
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    plot_ratios([("sums", {"eager": 2.0, "jit": 0.5}), ("none", {})], str(tmp_path / "ratios.svg"))
    assert "NumPy by hand = 1" in (tmp_path / "ratios.svg").read_text(encoding="utf-8")


def test_record_comes_back(tmp_path):
    rows = [measure_once(SQUARES)[0]]
    write_record(tmp_path / "new.json", {"python": "3"}, rows)
    assert read_record(tmp_path / "new.json") == rows


# The command


def test_command(tmp_path, run):
    options = ("--only", "hessian, ros", "--libs", "numpy,eager", "--rounds", 2, "--json", tmp_path / "new.json")
    result = run_command("benchmarks", *options)
    assert (result.returncode, result.stderr) == (0, "")
    assert "| Hessian, Rosenbrock n = 100 " in result.stdout
    assert "WRONG" not in result.stdout
    content = json.loads((tmp_path / "new.json").read_text())
    assert [entry["name"] for entry in content["workloads"]] == ["hessian"]
    assert content["machine"]["libraries"]["numpy"] == np.__version__
    again = run(*options[:-2], "--compare", tmp_path / "new.json")
    assert again.returncode == 0
    assert f"Since {tmp_path / 'new.json'}" in again.stdout


def test_list(run):
    result = run("--list", "--only", "RNN", "chain-s")
    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "chain-scalar", "chain-scalar-10", "chain-scalar-1000", "rnn"]


@pytest.mark.parametrize("options, words", [
    (("--rounds", 0), ["0"]),
    (("--only", "no such"), ["no such", "--list"]),
    (("--libs", "numpi"), ["numpi", "numpy, eager"]),
    (("--compare", "missing.json"), ["missing.json"]),
    (("--json", "no/such/folder.json"), ["no/such"]),
], ids=str)
def test_mistakes(options, words, run):
    check_error(run(*options), *words)


@pytest.mark.parametrize("content", ["[1", "[]", '{"format": 9}', '{"format": 1, "workloads": [{}]}'])
def test_file_that_is_no_record(tmp_path, content, run):
    (tmp_path / "old.json").write_text(content)
    check_error(run("--compare", tmp_path / "old.json"), "old.json")


def test_plot(tmp_path, run):
    pytest.importorskip("matplotlib")
    result = run("--only", "chain-scalar", "--libs", "numpy,eager", "--rounds", 1, "--plot", tmp_path / "a.png")
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_measured_before_an_interruption_is_saved(tmp_path, monkeypatch, capsys):
    def measure_one(workload, *rest):
        if workload.name != "size-1e0":
            raise KeyboardInterrupt
        return measure(workload, *rest)

    monkeypatch.setattr(command, "measure", measure_one)
    monkeypatch.setattr("benchmarks.__main__.set_threads", lambda count: None)
    path = tmp_path / "out.json"
    options = ["--only", "size-1e0", "size-1e1", "--libs", "numpy,eager", "--budget", "1", "--rounds", "2"]
    assert main([*options, "--json", str(path)]) == 130
    assert [row.name for row in read_record(path)] == ["size-1e0"]
    output = capsys.readouterr()
    assert "interrupted" in output.err and "size-1e0" in output.out
