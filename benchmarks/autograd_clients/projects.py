"""Projects that use autograd, unmodified: their own tests, and fits, on autograd and on this library.

They are installed beside the real autograd into an environment of their own. Nothing is kept of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from autodiff_trace.demo.cli import UserError

from ..report import format_table
from ..timing import format_time
from .examples import Comparison, Side, take_turns
from .fits import FITS
from .sources import AUTOGRAD, Unavailable, fetch
from .suite import Outcome, last_line, read_report

__all__ = ["PROJECTS", "Project", "compare_outcomes", "run_projects"]

ROOT = Path(__file__).parents[2]

SECONDS = 3000

TOLERANCE = 1e-5


class Project(NamedTuple):
    """What is installed, where its source distribution has tests, and which of them are run."""

    requirement: str
    tests: str = ""
    arguments: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    """Expressions of tests that are run on request only."""


PROJECTS = {
    "lifelines": Project(
        "lifelines==0.30.3", "lifelines/tests", ("tests/test_estimation.py", "tests/test_npmle.py"),
        ("TestUnivariate", "TestRegressionFitters", "TestGeneralizedGammaFitter", "TestPiecewiseExponentialFitter"),
    ),
    "autograd-gamma": Project("autograd-gamma==0.5.0"),
    "pymanopt": Project("pymanopt==2.2.1", "tests", (
        "--noconftest", "tests",  # (conftest.py imports TensorFlow and PyTorch, to seed them.)
        *(f"--ignore=tests/{name}.py" for name in (
            "backends/test_jax", "backends/test_pytorch", "backends/test_tensorflow", "test_examples", "test_problem",
        )),
    )),
}

NOT_OF_AUTOGRAD = ("KaplanMeier", "NelsonAalen", "Breslow", "Aalen", "CoxTimeVarying", "TestCoxPHFitter")
"""Tests of lifelines in which nothing is differentiated by autograd."""


def make_environment(folder: Path) -> Path:
    """The Python of the environment with the projects in ``folder``, made unless it is there. Raises Unavailable where
    they cannot be installed."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists():
        return python
    venv.create(folder, with_pip=True)
    requirements = [AUTOGRAD, "pytest", "flaky", *(project.requirement for project in PROJECTS.values())]
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"the projects: not installed within {SECONDS} s") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise Unavailable(f"the projects: {errors[-1] if errors else 'pip has failed'}")
    return python


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}


def run_tests(python: Path, name: str, sources: Path, library: str, slow: bool) -> dict[str, Outcome]:
    """The outcome of each test of a project."""
    project = PROJECTS[name]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copytree(sources / project.tests, folder / "tests")
        (folder / "pytest.ini").write_text("[pytest]\n")
        report = folder / "report.xml"
        left_out = [*NOT_OF_AUTOGRAD, *(() if slow else project.slow)] if name == "lifelines" else []
        command = [
            str(python), *(["-m", "autodiff_trace.autograd_compat"] if library == "ours" else []), "-m", "pytest", "-q",
            "-p", "no:cacheprovider", "-p", "benchmarks.autograd_clients.seeds", f"--junitxml={report}",
            *(["-k", " and ".join(f"not {each}" for each in left_out)] if left_out else []), *project.arguments,
        ]
        done = subprocess.run(command, cwd=folder, env=environment(), timeout=SECONDS, capture_output=True, text=True)
        if not report.exists():
            raise RuntimeError(f"pytest has not run:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return read_report(report.read_text(encoding="utf-8"))


def compare_outcomes(
    name: str, theirs: Mapping[str, Outcome], ours: Mapping[str, Outcome]
) -> tuple[list[str], list[str]]:
    """The row of a project, and the tests that pass on autograd alone.

    >>> passed, failed = Outcome("passed"), Outcome("failed", "E   TypeError: no float")
    >>> compare_outcomes("peer", {"a": passed, "b": passed}, {"a": passed, "b": failed})
    (['peer', '2', '2', '1'], ['peer: b: TypeError: no float'])
    """
    missing = Outcome("failed", "not run")
    lost = [f"{name}: {test}: {last_line(ours.get(test, missing).reason)}" for test, outcome in theirs.items()
            if outcome.status == "passed" and ours.get(test, missing).status != "passed"]
    passed = [sum(outcome.status == "passed" for outcome in outcomes.values()) for outcomes in (theirs, ours)]
    return [name, str(len(theirs)), *map(str, passed)], lost


def compare_fits(python: Path, name: str, rounds: int) -> Comparison:
    """Run a fit on both sides: once for its numbers, then by turns for the time."""

    def start(library: str, folder: Path) -> Side:
        results, pipe = folder / f"{library}.npz", subprocess.PIPE
        command = [str(python), "-m", "benchmarks.autograd_clients.fits", library, name, str(results)]
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment(), cwd=folder)
        return Side(process, results)

    return take_turns(start, rounds, TOLERANCE)


def run_projects(only: Sequence[str], rounds: int, slow: bool, folder: Path) -> tuple[list[str], bool]:
    """Tables in Markdown, what went wrong, and whether nothing did. ``only``: words of names of fits and projects."""
    names = [name for name in FITS if not only or any(word in name for word in only)]
    if not names:
        raise UserError(f"no fit {only[0]}; there are {', '.join(FITS)}")
    python = make_environment(folder / "environment")
    problems, tests, fits, ratios = [], [], [], []
    for name, project in PROJECTS.items():
        if project.tests and (not only or name in only):
            sources = fetch(project.requirement, folder)
            theirs, ours = (run_tests(python, name, sources, library, slow) for library in ("autograd", "ours"))
            row, lost = compare_outcomes(name, theirs, ours)
            tests.append(row)
            problems += lost
            print(" ".join(row), file=sys.stderr, flush=True)
    for name in names:
        result = compare_fits(python, name, rounds)
        problems += [f"{name}: {problem}" for problem in result.problems]
        times = ["-", "-", "-"]
        if all(result.samples.values()):
            theirs, ours = (median(samples) for samples in result.samples.values())
            times = [format_time(theirs), format_time(ours), f"{theirs / ours:.2f}"]
            ratios.append(theirs / ours)
        fits.append([name, f"{result.largest:.0e}" if not result.problems else "no", *times])
        print(" ".join(fits[-1]), file=sys.stderr, flush=True)
    lines = []
    if tests:
        lines += [format_table(["project", "tests", "pass on autograd", "pass here"], tests), ""]
    lines += [format_table(["fit", "largest difference", "autograd", "ours", "autograd / ours"], fits), ""]
    if ratios:
        lines.append(f"median of autograd / ours: {median(ratios):.2f}")
    return [*lines, *problems], not problems
