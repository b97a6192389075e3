"""The command ``python -m benchmarks.autograd_clients``: what it fetches, how it runs, and what it compares."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.autograd_clients import process, projects, sources
from benchmarks.autograd_clients.__main__ import main
from benchmarks.autograd_clients.cuts import EXAMPLES, Example
from benchmarks.autograd_clients.examples import compare, differences, run_examples
from benchmarks.autograd_clients.headless import make_digits, stand_ins
from benchmarks.autograd_clients.projects import Project, compare_fits, compare_outcomes, run_tests
from benchmarks.autograd_clients.sources import Unavailable, fetch
from benchmarks.autograd_clients.suite import Outcome, run_suite, summarize

LIBRARY = """
def double(x):
    return 2 * x
"""

TESTS = """
import pytest
from autograd import double
def test_double(): assert double(2) == 4
@pytest.mark.skip(reason="no time")
def test_later(): pass
def test_wrong(): assert double(2) == 5, "five"
"""

EXAMPLE = """
import matplotlib.pyplot as plt
import numpy as np
from data_mnist import mnist
from data import ONES
for _ in range(1000):
    ONES += 1.0
print("value", ONES.sum(), id(ONES), np.random.rand(), np.float64(0.5))
fig = plt.figure(figsize=(3, 3))
fig.add_subplot(111).plot(ONES, mnist()[0][0].ravel())
params = [(ONES, 0.25)]
"""


@pytest.fixture
def project(tmp_path):
    """A source distribution like autograd's, unpacked."""
    folder = tmp_path / "autograd-1.9.1"
    files = {"autograd/__init__.py": LIBRARY, "tests/test_it.py": TESTS, "examples/tiny.py": EXAMPLE,
             "examples/data.py": "import numpy as np\nONES = np.ones(3)"}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_source_distribution_is_unpacked_once(tmp_path, monkeypatch):
    calls = []

    def download(requirement, folder):
        calls.append(requirement)
        with tarfile.open(folder / "thing-2.0.tar.gz", "w:gz") as file:
            info = tarfile.TarInfo("thing-2.0/setup.cfg")
            file.addfile(info, io.BytesIO(b""))
        return folder / "thing-2.0.tar.gz"

    monkeypatch.setattr(sources, "download", download)
    for _ in range(2):
        assert (fetch("thing==2.0", tmp_path / "new") / "setup.cfg").exists()
    assert calls == ["thing==2.0"]


def test_what_cannot_be_fetched_is_skipped_with_the_reason(tmp_path, monkeypatch, capsys):
    for name, value in {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable, match="no matching distribution|No matching distribution"):
        fetch("no-such-project-at-all==1.0", tmp_path)
    assert main(["tests", "--sources", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("skipped: autograd==1.9.1: ERROR")


def test_the_suite_is_run_apart_from_the_sources(project):
    outcomes = run_suite(project, real=True)
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "test_it.test_double": "passed", "test_it.test_later": "skipped", "test_it.test_wrong": "failed"}
    lines, as_expected = summarize(outcomes, {})
    assert lines == ["3 tests: 1 passed, 1 skipped, 1 failed", "skipped: no time",
                     "failed: test_it.test_wrong: AssertionError: five"]
    assert not as_expected
    assert "test_it" in run_suite(project)  # which cannot be collected, as the function is not here


def test_what_is_expected_of_the_suite():
    passed, failed = Outcome("passed"), Outcome("failed", "E   ValueError")
    assert summarize({"a": passed, "b": failed}, {"b": "why"}) == (
        ["2 tests: 1 passed, 1 not to pass", "not to pass: b: why"], True)
    assert summarize({"a": passed}, {"a": "why"}) == (["1 tests: 1 passed", "passed, but is not to: a: why"], False)
    assert summarize({"a": passed}, {"c": "why"})[1] is False


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(EXAMPLES, "tiny", Example({"range(1000)": "range(2)"}))


def test_an_example_is_run_as_it_is_cut(project, tiny, monkeypatch):
    drawn = []
    for name, module in stand_ins(lambda value: drawn.extend(process.find_arrays(value))).items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.syspath_prepend(project / "examples")
    state = np.random.get_state()
    for _ in range(2):
        process.forget_examples(project / "examples")
        drawn.clear()
        seconds, printed, variables = process.run_example(process.load(project / "examples", "tiny"), project)
        numbers = process.numbers_of(printed, drawn, variables)
        assert numbers["text"] == "value # address # #"
        np.testing.assert_allclose(numbers["printed"], [9.0, np.random.RandomState(0).rand(), 0.5])
        np.testing.assert_array_equal(numbers["drawn 1"], [3.0, 3.0, 3.0])
        np.testing.assert_array_equal(numbers["variable params 0"], [3.0, 3.0, 3.0])
    np.random.set_state(state)
    process.forget_examples(project)


def test_text_that_an_example_does_not_have(project, monkeypatch):
    monkeypatch.setitem(EXAMPLES, "tiny", Example({"range(77)": ""}))
    with pytest.raises(ValueError, match="range"):
        process.load(project / "examples", "tiny")


def test_digits():
    images, labels, test_images, test_labels = make_digits()
    assert images.dtype == labels.dtype == np.uint8 and images.shape[1:] == test_images.shape[1:] == (28, 28)
    assert (len(images), len(test_images)) == (len(labels), len(test_labels)) and set(labels) == set(range(10))


def test_differences():
    old = {"text": np.array("a # b"), "x": np.array([1.0, 1e-9]), "y": np.zeros(0), "z": np.array([np.nan])}
    assert differences(old, {**old, "x": np.array([1.0, 2e-9])}, 1e-6) == (pytest.approx(1e-9), [])
    assert differences(old, {**old, "text": np.array("a # c")}, 1e-6)[1] == ["text: …'a # c', not …'a # b'"]
    assert differences(old, {**old, "z": np.array([1.0])}, 1e-6)[1] == ["z: differs by inf"]
    assert differences(old, {**old, "x": np.ones(3)}, 1e-6)[1] == ["x: of shape (3,), not (2,)"]
    assert differences(old, {"text": old["text"]}, 1e-6)[1] == [f"{name}: only on one side" for name in "xyz"]


def test_an_error_of_an_example_is_told(project):
    (project / "examples" / "rosenbrock.py").write_text("1 / 0")
    result = compare(project, "rosenbrock", 1)
    assert len(result.problems) == 2 and all("ZeroDivisionError" in problem for problem in result.problems)
    lines, as_expected = run_examples(project, ["rosenbrock"], 1)
    assert not as_expected and "no" in lines[0]


def test_a_table_of_examples(project):
    (project / "examples" / "rosenbrock.py").write_text("print(0.5)")
    lines, as_expected = run_examples(project, ["rosenbrock"], 1)
    assert as_expected and [cell.strip() for cell in lines[0].splitlines()[2].split("|")[1:4]] == [
        "rosenbrock", "1", "0e+00"]


def test_projects_that_cannot_be_installed_are_skipped_with_the_reason(tmp_path, monkeypatch, capsys):
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: no index\n")
    monkeypatch.setattr(projects.venv, "create", lambda folder, with_pip: None)
    monkeypatch.setattr(projects.subprocess, "run", lambda *args, **kwargs: failed)
    assert main(["projects", "--sources", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "skipped: the projects: ERROR: no index\n"
    assert main(["projects", "--only", "nothing", "--sources", str(tmp_path)]) == 2
    assert "no fit nothing" in capsys.readouterr().err


TESTS_OF_A_PROJECT = """
import autograd, numpy
def test_it(): assert autograd.__name__ == "autodiff_trace.autograd_compat"
def test_seed(): assert numpy.random.rand() == %r
def test_slow(): assert False
"""


def test_the_tests_of_a_project_run_on_this_library_with_seeds(tmp_path, monkeypatch):
    np.random.seed(zlib.crc32(b"tests/test_it.py::test_seed"))
    (tmp_path / "inside" / "tests").mkdir(parents=True)
    (tmp_path / "inside" / "tests" / "test_it.py").write_text(TESTS_OF_A_PROJECT % np.random.rand())
    monkeypatch.setitem(projects.PROJECTS, "lifelines", Project("tiny==1", "inside/tests", ("tests",), ("slow",)))
    outcomes = run_tests(Path(sys.executable), "lifelines", tmp_path, "ours", slow=False)
    assert {name: outcome.status for name, outcome in outcomes.items()} == dict.fromkeys(
        ["test_it.test_it", "test_it.test_seed"], "passed")
    row, lost = compare_outcomes("tiny", outcomes, {"test_it.test_it": Outcome("passed")})
    assert row == ["tiny", "2", "2", "1"] and lost == ["tiny: test_it.test_seed: not run"]


def test_a_fit_whose_project_is_missing_says_so():
    if importlib.util.find_spec("lifelines"):
        pytest.skip("lifelines is here")
    result = compare_fits(Path(sys.executable), "lifelines: Weibull", 1)
    assert len(result.problems) == 2 and all("ModuleNotFoundError" in problem for problem in result.problems)
