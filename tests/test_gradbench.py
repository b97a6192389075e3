"""GradBench's evals, tiny: right by formulas of their own, by finite differences, and as the suite is answered."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace.testing import check_grads
from autodiff_trace.demo.cli import UserError
from benchmarks.gradbench import ba, det, gmm, ht, kmeans, llsq, lse, lstm, ode, particle, saddle
from benchmarks.gradbench.__main__ import main
from benchmarks.gradbench.comparison import mismatches
from benchmarks.gradbench.evals import EVALS, REPORTED
from benchmarks.gradbench.evaluation import Case, Run, Skipped, compiler, run_function
from benchmarks.gradbench.protocol import serve
from benchmarks.gradbench.report import published_table, row_line, rows_of
from tests.conftest import ROOT


def hand_model(random):
    """Of 22 bones, each the child of an earlier one, with a mesh of nine vertices."""
    bones, vertices = 22, 9
    matrices = random.normal(size=(2, bones, 4, 4))
    matrices[:, :, 3] = 0.0, 0.0, 0.0, 1.0
    positions = np.append(random.normal(size=(vertices, 3)), np.ones((vertices, 1)), axis=1)
    weights = random.random((vertices, bones))
    return {
        "bone_count": bones, "bone_names": [f"bone {i}" for i in range(bones)],
        "parents": [-1, *(max(0, i - 1 - i % 3) for i in range(1, bones))], "base_relatives": matrices[0] / 2,
        "inverse_base_absolutes": matrices[1], "base_positions": positions,
        "weights": weights / weights.sum(axis=1, keepdims=True), "is_mirrored": False,
        "triangles": random.integers(0, vertices, (5, 3)),
    }


def hand_case(complicated, **changes):
    random = np.random.default_rng(0)
    count = 4
    data = {"model": hand_model(random) | changes, "points": random.normal(size=(count, 3)),
            "correspondences": random.integers(0, 5, count)}
    us = random.random((count, 2)) / 2 if complicated else []
    return Case("hand", {"theta": random.normal(size=26) / 2, "us": us, "data": data})


SMALL = {
    "gmm": [gmm.make_case(3, 4, 20), gmm.make_case(1, 2, 5)],
    "lstm": [lstm.make_case(2, 12), lstm.make_case(1, 9, "the text of an hour")],
    "ba": [ba.make_case(1, (2, 3, 11)), ba.make_case(1, (1, 1, 20))],
    "ht": [hand_case(True), hand_case(False), hand_case(True, is_mirrored=True)],
    "kmeans": [*kmeans.make_cases([(3, 20, 2)])],
    "llsq": [*llsq.make_cases([9], m=4)],
    "lse": [*lse.make_cases([7])],
    "det": [*det.make_cases([1, 2, 4])],
    "ode": [*ode.make_cases([(3, 5), (1, 2)])],
}
ITEMS = [(name, function, case) for name, cases in SMALL.items() for case in cases
         for function in EVALS[name].functions]


def ids(items):
    return [f"{name} {function} {case.description}" for name, function, case in items]


@pytest.mark.parametrize("name, function, case", ITEMS, ids=ids(ITEMS))
def test_outputs_are_those_of_the_formula(name, function, case):
    tested = EVALS[name].functions[function]
    expected = tested.expected(case.input)
    # The tolerance of the suite is loose: of a gradient near zero it sees nothing.
    for compile in (lambda f: f), jit:
        output = run_function(tested, case.input, compile).output
        assert json.loads(json.dumps(output)) == output
        np.testing.assert_allclose(numbers(output), numbers(expected), rtol=1e-9, atol=1e-9)
        assert not list(mismatches(expected, output))


def numbers(output):
    """All numbers of an output, in order."""
    if isinstance(output, dict):
        return [x for key in sorted(output) for x in numbers(output[key])]
    return [x for part in output for x in numbers(part)] if isinstance(output, list) else [output]


@pytest.mark.parametrize("name", ["gmm", "lstm", "llsq", "lse", "det", "ode"])
def test_expected_gradients_by_differences(name):
    case = SMALL[name][0]
    eval = EVALS[name]
    (primal, gradient) = eval.functions.values()
    special = {"gmm": ("alpha", "mu", "q", "l"), "lstm": ("main_params", "extra_params"), "det": ("A",)}
    parameters = special.get(name, ("x",))
    expected = gradient.expected(case.input)
    step, found = 1e-6, []
    for parameter in parameters:
        value = np.array(case.input[parameter], dtype=float)
        for index in np.ndindex(*value.shape):
            pair = []
            for sign in 1, -1:
                moved = value.copy()
                moved[index] += sign * step
                pair.append(np.ravel(primal.expected({**case.input, parameter: moved}))[-1])
            found.append((pair[0] - pair[1]) / (2 * step))
    if isinstance(expected, dict):
        expected = [x for parameter in parameters for x in numbers(expected[parameter])]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_second_derivatives_of_the_objectives():
    check_grads(lse.logsumexp, np.array([0.3, -1.0, 2.0]))
    points, centroids = np.random.default_rng(0).random((9, 2)), np.array([[0.1, 0.1], [0.8, 0.9]])
    check_grads(lambda c: kmeans.cost(c, points), centroids)


def test_saddle_reaches_what_the_suite_expects():
    # One mode in each place; the whole of them takes seconds.
    case, = saddle.EVAL.cases(None)
    function = saddle.EVAL.functions["fr"]
    output = function.output(function.prepare(case.input, jit)())
    np.testing.assert_allclose(output, saddle.SOLUTION, rtol=1e-6)
    assert list(saddle.EVAL.functions) == list(particle.EVAL.functions) == ["rr", "ff", "fr", "rf"]


@pytest.mark.parametrize("inner", ["r", "f"])
def test_path_of_the_particle(inner):
    """The force by hand; at the suite's solution the path ends in the origin."""
    assert abs(particle.miss(particle.SOLUTION, particle.MODES[inner])) < 1e-6
    by_hand = particle.miss(0.1, lambda potential, count: slopes_by_hand)
    assert particle.miss(0.1, particle.MODES[inner]) == pytest.approx(by_hand, rel=1e-12)
    case, = particle.EVAL.cases(None)
    assert case.input == {"w": 0.0}


def slopes_by_hand(x, y):
    offsets = np.array([x, y]) - np.array([[10.0, 9.9], [10.0, 0.0]])
    return -np.sum(offsets / np.sum(offsets**2, axis=1, keepdims=True) ** 1.5, axis=0)


# Inputs


def test_default_sizes_are_those_of_the_suite():
    counts = {"gmm": 25, "lstm": 9, "ba": 14, "kmeans": 12, "llsq": 11, "lse": 10, "det": 7, "ode": 9, "particle": 1,
              "saddle": 1}
    descriptions = {name: [case.description for case in eval.cases(None)]
                    for name, eval in REPORTED.items() if name != "ht"}
    assert {name: len(each) for name, each in descriptions.items()} == counts
    assert {"gmm": "2_5_1000", "lstm": "l=2,c=1024", "ba": "ba1_n49_m7776_p31843", "ode": "n=1000,s=1"}.items() <= {
        name: each[0] for name, each in descriptions.items()}.items()
    with pytest.raises(Skipped, match="--data"):
        next(ht.EVAL.cases(None))


def test_generators_are_those_of_the_suite():
    np.random.seed(31337)
    first, second = np.random.rand(128), np.random.rand(128)
    one, two = islice(llsq.EVAL.cases(None), 2)
    assert np.array_equal(one.input["x"], first) and np.array_equal(two.input["x"], second)
    random = np.random.default_rng(31337)
    points = [random.normal(size=2) for _ in range(1000)]
    assert np.array_equal(next(gmm.EVAL.cases(None)).input["x"], points)


def test_files_of_the_suite(tmp_path):
    (tmp_path / "ba").mkdir()
    file = tmp_path / "ba" / "ba1_n49_m7776_p31843.txt"
    lines = ["2 3 7", " ".join(map(str, np.arange(1.0, 12.0))), "1 2 30", "0.5", "0.25 0.75"]
    file.write_text("\n".join(lines))
    case = next(ba.EVAL.cases(tmp_path))
    assert (case.description, case.input["n"], case.input["w"]) == (file.stem, 2, 0.5)
    assert case.input["x"] == [1.0, 2.0, 30.0]
    file.write_text("2 3")
    with pytest.raises(UserError, match="not an instance"):
        next(ba.EVAL.cases(tmp_path))
    (tmp_path / "lstm_full.txt").write_text("abcdefgh" * 2000)
    sequence = next(lstm.EVAL.cases(tmp_path)).input["sequence"]
    assert sequence.shape == (1024, 7) and sequence[0].tolist() == [1, 1, 0, 0, 0, 0, 1]


def test_files_of_hand_tracking(tmp_path):
    folder = tmp_path / "ht" / "complicated_big"
    (folder / "model").mkdir(parents=True)
    case = hand_case(True)
    write_hand(folder, case.input)
    read, = ht.EVAL.cases(tmp_path)
    for function in ht.EVAL.functions.values():
        assert numbers(function.expected(read.input)) == numbers(function.expected(case.input))
    (folder / "hand1_t26_c4.txt").write_text("4 x")
    with pytest.raises(UserError, match="not an instance"):
        list(ht.EVAL.cases(tmp_path))


def write_hand(folder, input):
    model, data = input["data"]["model"], input["data"]

    def line(*parts, separator=" "):
        numbers = [x for part in parts for x in (part if isinstance(part, tuple) else np.ravel(part))]
        return separator.join(map(str, numbers)) + "\n"

    bones = zip(model["bone_names"], model["parents"], model["base_relatives"], model["inverse_base_absolutes"])
    (folder / "model" / "bones.txt").write_text("".join(line(*bone, separator=":") for bone in bones))
    vertices = [line(position[:3], np.zeros(5), len(weights), *enumerate(weights), separator=":")
                for position, weights in zip(model["base_positions"], model["weights"])]
    (folder / "model" / "vertices.txt").write_text("".join(vertices))
    (folder / "model" / "triangles.txt").write_text("".join(line(t, separator=":") for t in model["triangles"]))
    lines = [line(len(data["points"]), len(input["theta"]))]
    lines += [line(c, p) for c, p in zip(data["correspondences"], data["points"])]
    lines += [line(u) for u in input["us"]] + [line(x) for x in input["theta"]]
    (folder / "hand1_t26_c4.txt").write_text("".join(lines))


# The suite's protocol


def converse(*messages):
    answers = io.StringIO()
    lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    serve(io.StringIO("\n".join(lines) + "\n"), answers, jit)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def evaluate(module, function, input, id=0):
    return {"id": id, "kind": "evaluate", "module": module, "function": function, "input": input}


def test_protocol_in_a_process():
    messages = [
        {"id": 0, "kind": "start", "eval": "llsq", "config": {}}, {"id": 1, "kind": "define", "module": "llsq"},
        evaluate("llsq", "gradient", {"x": [1.0, 2.0], "n": 3, "min_runs": 3, "min_seconds": 0}, 2),
        {"id": 3, "kind": "analysis", "of": 2, "valid": True}, {"id": 4, "kind": "define", "module": "sudoku"},
        evaluate("hello", "double", 3.0, 5),
    ]
    command = [sys.executable, "-m", "benchmarks.gradbench", "--protocol"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        answers = []
        for message in messages:  # each is answered before the next one is sent
            print(json.dumps(message), file=process.stdin, flush=True)
            answers.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    assert [answer["id"] for answer in answers] == list(range(6))
    assert answers[0]["tool"] == "autodiff_trace" and answers[1] == {"id": 1, "success": True}
    # The residuals of 1 + 2t at t = −1, 0, 1 are 0, −1, −2.
    assert answers[2]["output"] == [3.0, 2.0] and answers[2]["success"]
    assert [timing["name"] for timing in answers[2]["timings"]] == ["prepare", "evaluate", "evaluate", "evaluate"]
    assert all(isinstance(timing["nanoseconds"], int) for timing in answers[2]["timings"])
    assert answers[3] == {"id": 3}
    assert not answers[4]["success"] and "sudoku" in answers[4]["error"]
    assert answers[5]["output"] == 6.0


@pytest.mark.parametrize("message, words", [
    ("{", "JSONDecodeError"),
    ("[1]", "JSON object"),
    (evaluate("sudoku", "solve", {}), "unknown module"),
    (evaluate("lse", "solve", {}), "unknown function"),
    (evaluate("lse", "primal", {}), "KeyError: 'x'"),
    (evaluate("lse", "primal", {"x": []}), "ValueError"),
    (evaluate("lse", "primal", {"x": [0.0, float("nan")]}), "not JSON compliant"),
    ({"id": 0, "kind": "define"}, "KeyError: 'module'"),
    ({"id": 0, "kind": "evaluate", "module": ["lse"]}, "KeyError"),
], ids=str)
def test_errors_are_answers_and_the_loop_goes_on(message, words):
    first, second = converse(message, {"id": 7, "kind": "define", "module": "gmm"})
    assert not first["success"] and words in first["error"]
    assert first["id"] == (None if isinstance(message, str) else 0)
    assert second == {"id": 7, "success": True}


def test_unknown_kinds_and_empty_lines():
    assert converse({"id": 1, "kind": "sing"}, "", {"id": 2}) == [{"id": 1}, {"id": 2}]


def test_printed_text_is_no_answer(monkeypatch, capsys):
    function = EVALS["hello"].functions["square"]
    loud = {"square": type(function)(lambda input, compile: lambda: print("loud"), lambda result: 1, function.expected)}
    monkeypatch.setitem(EVALS, "hello", type(EVALS["hello"])("hello", loud, EVALS["hello"].cases))
    answer, = converse(evaluate("hello", "square", 1.0))
    assert answer["output"] == 1
    output = capsys.readouterr()
    assert "loud" in output.err and "loud" not in output.out


# The command


def command(monkeypatch, *options):
    monkeypatch.setattr("benchmarks.gradbench.__main__.set_threads", lambda count: None)
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = main([*options])
        except SystemExit as exit:
            status = exit.code
    return status, output.getvalue(), errors.getvalue()


QUICK = "--cases", "1", "--min-seconds", "0"


def test_report(monkeypatch):
    status, output, _ = command(monkeypatch, *QUICK, "--only", "lse", "det 5", "ht")
    assert status == 0
    lines = output.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["lse", "det"]
    assert all(line.split("|")[-2].strip() == "right" for line in lines[2:4])
    assert "ht is skipped" in output and "each minor is computed once" in output and "published" not in output


def test_wrong_numbers_and_failures_are_reported(monkeypatch):
    function = EVALS["lse"].functions["gradient"]
    wrong = {**EVALS["lse"].functions, "gradient": type(function)(
        function.prepare, lambda result: [2.0 * x for x in result.tolist()], function.expected)}
    changed = type(EVALS["lse"])("lse", wrong, lambda data: iter([Case("n=3", {"x": [1.0, 2.0, 3.0]})]))
    monkeypatch.setitem(REPORTED, "lse", changed)
    status, output, _ = command(monkeypatch, *QUICK, "--only", "lse")
    assert status == 1 and "wrong" in output and "lse n=3 gradient: [0]: 0.18" in output
    broken = type(EVALS["lse"])("lse", EVALS["lse"].functions, lambda data: iter([Case("n=0", {"x": []})]))
    monkeypatch.setitem(REPORTED, "lse", broken)
    status, output, _ = command(monkeypatch, *QUICK, "--only", "lse")
    assert status == 1 and "failed: lse n=0: ValueError" in output


def test_list_and_mistakes(monkeypatch):
    status, output, _ = command(monkeypatch, "--list", "--only", "det")
    assert status == 0 and output.splitlines() == [f"det {size}" for size in range(5, 12)]
    assert command(monkeypatch, "--only", "sudoku")[0] == 2
    status, _, errors = command(monkeypatch, "--backend", "abacus", *QUICK, "--only", "lse")
    assert status == 2 and len(errors.splitlines()) == 1 and "abacus" in errors


def test_back_end_is_passed_on(monkeypatch):
    asked = []

    def own_jit(fun, backend="auto"):
        asked.append(backend)
        return jit(fun)

    monkeypatch.setattr("benchmarks.gradbench.evaluation.jit", own_jit)
    assert compiler("numpy")(abs)(-1.0) == 1.0 and asked == ["numpy"]


def test_published_ratios_stand_beside_ours():
    runs = {"objective": (Run(None, 0, [10, 20, 30]), []), "jacobian": (Run(None, 0, [50]), ["off"])}
    rows = [*rows_of("gmm", "10_25_1000", runs, True), *rows_of("saddle", "s", {"rr": runs["jacobian"]}, False)]
    table = published_table(rows)
    assert table.splitlines()[2].replace(" ", "") == "|gmm10_25_1000|2.5|1.7|2.4|3.4|3.5|8.2||"
    assert rows[0].problems == ["jacobian: off"] and rows[1].ratio is None
    assert "wrong" in row_line(rows[0]) and "s rr" in row_line(rows[1])
    assert published_table(rows[1:]) == ""
